// Loops that store apart by a distance that only the run knows.
#include "jit/llvm/scattered_stores.hpp"

#include <llvm/Analysis/LoopAccessAnalysis.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/Analysis/ScalarEvolutionExpressions.h>
#include <llvm/Transforms/Utils/LoopUtils.h>

namespace slack::jit {

namespace {

// Of longer loops it is not asked: the analysis of accesses compares each with each.
constexpr std::size_t kMostInstructions = 64;

// Whether its address grows by the same in every round, but by no constant. Addresses are extended from 32 bits, and
// what is extended may wrap for all that is known.
bool is_scattered(llvm::StoreInst& store, const llvm::Loop& loop, llvm::ScalarEvolution& evolution) {
  return llvm::SCEVExprContains(evolution.getSCEV(store.getPointerOperand()), [&](const llvm::SCEV* part) {
    const auto* recurrence = llvm::dyn_cast<llvm::SCEVAddRecExpr>(part);
    return recurrence && recurrence->getLoop() == &loop && recurrence->isAffine() &&
           !llvm::isa<llvm::SCEVConstant>(recurrence->getStepRecurrence(evolution));
  });
}

}  // namespace

llvm::PreservedAnalyses ScatteredStores::run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses) {
  auto& loops = analyses.getResult<llvm::LoopAnalysis>(function);
  for (auto* loop : loops.getLoopsInPreorder()) {
    if (loop->getNumBlocks() != 1 || !loop->isLoopSimplifyForm()) continue;
    auto& body = *loop->getHeader();
    if (body.size() > kMostInstructions) continue;
    for (auto& each : body) {
      auto* store = llvm::dyn_cast<llvm::StoreInst>(&each);
      if (!store) continue;
      auto& evolution = analyses.getResult<llvm::ScalarEvolutionAnalysis>(function);
      if (!is_scattered(*store, *loop, evolution)) continue;
      // Where the distance may well be that of neighbours the vectoriser asks for it before the loop.
      const auto& accesses = analyses.getResult<llvm::LoopAccessAnalysis>(function).getInfo(*loop);
      if (accesses.getSymbolicStrides().contains(store->getPointerOperand())) continue;
      llvm::addStringMetadataToLoop(loop, "llvm.loop.vectorize.enable", 0);
      break;
    }
  }
  return llvm::PreservedAnalyses::all();
}

}  // namespace slack::jit

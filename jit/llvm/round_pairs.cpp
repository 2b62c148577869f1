// Two rounds for one safepoint.
#include "jit/llvm/round_pairs.hpp"

#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/Transforms/Utils/LoopUtils.h>

#include "jit/llvm/preserved.hpp"
#include "jit/llvm/safepoint_lowering.hpp"
#include "jit/llvm/strip_mining.hpp"

namespace slack::jit {

namespace {

constexpr char kPaired[] = "slack.loop.paired";

// Twice the code of a longer one would cost more, in decoding and in the branch predictor, than one add in two rounds
// saves.
constexpr std::size_t kMostInstructions = 24;
constexpr std::size_t kMostBlocks = 3;
constexpr unsigned kRounds = 2;

bool may_be_vectorised(const llvm::Loop& loop) {
  return llvm::getOptionalBoolLoopAttribute(&loop, "llvm.loop.vectorize.enable").value_or(true);
}

// Told to unroll, the unroller would divide for a number of rounds that it can know. It stays hidden: strength
// reduction made so many counters of the one of the sieve that it took 1.23 times as long as without safepoints, and
// not 1.03. False: the loop is as it was.
bool try_hide_count(llvm::Loop& loop, llvm::ScalarEvolution& evolution) {
  auto* exiting = loop.getExitingBlock();
  auto* test = exiting ? llvm::dyn_cast<llvm::BranchInst>(exiting->getTerminator()) : nullptr;
  if (!test) return false;
  test->setCondition(new llvm::FreezeInst(test->getCondition(), "", test->getIterator()));
  evolution.forgetLoop(&loop);
  return true;
}

bool is_small(const llvm::Loop& loop) {
  if (loop.getNumBlocks() > kMostBlocks) return false;
  std::size_t size = 0;
  for (const auto* block : loop.blocks()) {
    size += block->size();
    for (const auto& each : *block) {
      if (llvm::isa<llvm::CallBase>(each) && !llvm::isa<llvm::IntrinsicInst>(each)) return false;
    }
  }
  return size <= kMostInstructions;
}

}  // namespace

llvm::PreservedAnalyses RoundPairing::run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses) {
  auto& loops = analyses.getResult<llvm::LoopAnalysis>(function);
  bool changed = false;
  for (auto* loop : loops.getLoopsInPreorder()) {
    if (!loop->isInnermost() || !loop->isLoopSimplifyForm() || !is_small(*loop)) continue;
    auto& evolution = analyses.getResult<llvm::ScalarEvolutionAnalysis>(function);
    const auto* count = evolution.getBackedgeTakenCount(loop);
    if (!llvm::isa<llvm::SCEVCouldNotCompute>(count)) {
      const auto& target = analyses.getResult<llvm::TargetIRAnalysis>(function);
      if (may_be_vectorised(*loop) || is_cheap_to_count(*loop, *count, evolution, target)) continue;
      if (!try_hide_count(*loop, evolution)) continue;
      changed = true;
    }
    llvm::addStringMetadataToLoop(loop, "llvm.loop.unroll.count", kRounds);
    llvm::addStringMetadataToLoop(loop, kPaired, kRounds);
  }
  return preserved(changed);
}

llvm::PreservedAnalyses PairPolling::run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses) {
  auto& loops = analyses.getResult<llvm::LoopAnalysis>(function);
  const auto& dominators = analyses.getResult<llvm::DominatorTreeAnalysis>(function);
  for (auto* loop : loops.getLoopsInPreorder()) {
    if (!loop->isInnermost() || !llvm::findStringMetadataForLoop(loop, kPaired) || !loop->getLoopLatch()) continue;
    llvm::SmallVector<llvm::Instruction*, 4> safepoints;
    llvm::Instruction* first = nullptr;
    for (auto* block : loop->blocks()) {
      for (auto& each : *block) {
        if (!is_softened(each)) continue;
        safepoints.push_back(&each);
        if (!first || dominators.dominates(&each, first)) first = &each;
      }
    }
    if (!first || !dominators.dominates(first->getParent(), loop->getLoopLatch())) continue;
    for (auto* each : safepoints) {
      const auto same = [&](unsigned i) { return each->getOperand(i) == first->getOperand(i); };
      if (each != first && same(kFunctionOperand) && same(kOffsetOperand)) each->eraseFromParent();
    }
  }
  return preserved(true);
}

}  // namespace slack::jit

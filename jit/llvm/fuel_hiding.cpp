// Hides fuel from scalar evolution.
#include "jit/llvm/fuel_hiding.hpp"

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Metadata.h>
#include <llvm/IR/Module.h>

#include "jit/llvm/environment.hpp"

namespace slack::jit {

namespace {

// Fewer are no trouble.
constexpr std::size_t kManyLoops = 16;
constexpr char kName[] = "slack.fuel.hidden";  // of metadata

// The phi of a loop's header that `fuel` was counted up from.
llvm::PHINode* counter_of(llvm::Value* fuel) {
  while (auto* sum = llvm::dyn_cast<llvm::BinaryOperator>(fuel)) {
    if (sum->getOpcode() != llvm::Instruction::Add || !llvm::isa<llvm::ConstantInt>(sum->getOperand(1))) return nullptr;
    fuel = sum->getOperand(0);
  }
  return llvm::dyn_cast<llvm::PHINode>(fuel);
}

}  // namespace

bool hide_fuel(llvm::Function& function, const llvm::LoopInfo& loops) {
  const auto* marker = function.getParent()->getFunction(kSafepointMarker);
  if (!marker || loops.getLoopsInPreorder().size() < kManyLoops) return false;
  bool changed = false;
  for (auto& instruction : llvm::instructions(function)) {
    const auto* call = llvm::dyn_cast<llvm::CallInst>(&instruction);
    if (!call || call->getCalledFunction() != marker) continue;
    auto* counter = counter_of(call->getArgOperand(0));
    if (!counter || !loops.isLoopHeader(counter->getParent())) continue;
    const auto* loop = loops.getLoopFor(counter->getParent());
    for (unsigned i = 0; i < counter->getNumIncomingValues(); ++i) {
      auto* before = counter->getIncomingBlock(i);
      auto* begin = counter->getIncomingValue(i);
      if (before != loop->getLoopPreheader() || llvm::isa<llvm::Constant, llvm::FreezeInst>(begin)) continue;
      auto* hidden = new llvm::FreezeInst(begin, "", before->getTerminator()->getIterator());
      hidden->setMetadata(kName, llvm::MDNode::get(function.getContext(), {}));
      counter->setIncomingValue(i, hidden);
      changed = true;
    }
  }
  return changed;
}

bool show_fuel(llvm::Function& function) {
  llvm::SmallVector<llvm::Instruction*, 16> freezes;
  for (auto& instruction : llvm::instructions(function)) {
    if (llvm::isa<llvm::FreezeInst>(instruction) && instruction.hasMetadata(kName)) freezes.push_back(&instruction);
  }
  for (auto* freeze : freezes) {
    freeze->replaceAllUsesWith(freeze->getOperand(0));
    freeze->eraseFromParent();
  }
  return !freezes.empty();
}

}  // namespace slack::jit

// Fuel chains: the last shape of fuel arithmetic.
#include "jit/llvm/fuel_chain.hpp"

#include <algorithm>

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/MapVector.h>
#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>

#include "daemon/base/context.hpp"
#include "jit/llvm/environment.hpp"
#include "jit/llvm/value_types.hpp"

namespace slack::jit {

namespace {

using FuelSet = llvm::SmallPtrSet<llvm::Value*, 32>;

bool is_counter(const llvm::Value& value) { return value.getType()->isIntegerTy(64); }

// Where fuel comes from: the parameter, what a callee returns, what a service leaves in the context.
bool is_source(const llvm::Instruction& instruction, const llvm::Constant* cell) {
  if (!is_counter(instruction)) return false;
  if (const auto* part = llvm::dyn_cast<llvm::ExtractValueInst>(&instruction)) {
    const auto* call = llvm::dyn_cast<llvm::CallInst>(part->getAggregateOperand());
    return call && fuel_index(call->getFnAttr(kFuelAttribute)) == part->getIndices().back();
  }
  const auto* load = llvm::dyn_cast<llvm::LoadInst>(&instruction);
  return load && load->getPointerOperand() == cell;
}

FuelSet fuel_values(llvm::Function& function) {
  FuelSet found;
  llvm::SmallVector<llvm::Value*, 32> work;
  const auto add = [&](llvm::Value* value) {
    if (found.insert(value).second) work.push_back(value);
  };
  const auto* cell = fixed_address(*function.getParent(), kContextSymbol, offsetof(ContextHead, fuel));
  add(function.getArg(*fuel_index(function.getFnAttribute(kFuelAttribute))));
  for (auto& block : function) {
    for (auto& each : block) {
      if (is_source(each, cell)) add(&each);
    }
  }
  while (!work.empty()) {
    for (auto* user : work.pop_back_val()->users()) {
      const auto* sum = llvm::dyn_cast<llvm::BinaryOperator>(user);
      const bool is_fuel = sum ? sum->getOpcode() == llvm::Instruction::Add
                               : llvm::isa<llvm::PHINode, llvm::SelectInst>(user) && is_counter(*user);
      if (is_fuel) add(user);
    }
  }
  return found;
}

// The constant that `value` adds to its first operand, if it does.
llvm::ConstantInt* amount_of(const llvm::Value& value) {
  const auto* sum = llvm::dyn_cast<llvm::BinaryOperator>(&value);
  if (!sum || sum->getOpcode() != llvm::Instruction::Add || !is_counter(value)) return nullptr;
  return llvm::dyn_cast<llvm::ConstantInt>(sum->getOperand(1));
}

// base + phi(c, d): the additions go into the arms that end here. An arm that goes elsewhere too gets none: what it
// would have had to add is added behind.
bool split(llvm::BinaryOperator& sum, FuelSet& fuel) {
  for (unsigned side = 0; side < 2; ++side) {
    auto* base = sum.getOperand(1 - side);
    auto* phi = llvm::dyn_cast<llvm::PHINode>(sum.getOperand(side));
    if (!phi || !phi->hasOneUse() || phi->getParent() != sum.getParent() || !fuel.contains(base)) continue;
    const auto* other = llvm::dyn_cast<llvm::Instruction>(base);
    if (other && other->getParent() == sum.getParent()) continue;  // not there yet in the arms
    llvm::ConstantInt* behind = nullptr;
    bool fits = true;
    for (unsigned i = 0; i < phi->getNumIncomingValues(); ++i) {
      auto* constant = llvm::dyn_cast<llvm::ConstantInt>(phi->getIncomingValue(i));
      fits &= constant != nullptr;
      if (phi->getIncomingBlock(i)->getUniqueSuccessor()) continue;
      fits &= !behind || behind == constant;
      behind = constant;
    }
    if (!fits) continue;
    const auto after = behind ? behind->getValue() : llvm::APInt(64, 0);
    llvm::SmallDenseMap<llvm::BasicBlock*, llvm::Value*, 4> sums;  // a switch may come here several ways
    for (unsigned i = 0; i < phi->getNumIncomingValues(); ++i) {
      const auto amount = llvm::cast<llvm::ConstantInt>(phi->getIncomingValue(i))->getValue() - after;
      llvm::IRBuilder<> builder(phi->getIncomingBlock(i)->getTerminator());
      auto& value = sums[phi->getIncomingBlock(i)];
      if (!value) value = amount == 0 ? base : builder.CreateAdd(base, builder.getInt(amount));
      fuel.insert(value);
      phi->setIncomingValue(i, value);
    }
    fuel.insert(phi);
    sum.dropPoisonGeneratingFlags();
    sum.setOperand(0, phi);
    sum.setOperand(1, llvm::ConstantInt::get(sum.getType(), after));
    if (after == 0) {
      sum.replaceAllUsesWith(phi);
      fuel.erase(&sum);
      sum.eraseFromParent();
    }
    return true;
  }
  return false;
}

bool split_all(llvm::Function& function, FuelSet& fuel) {
  bool changed = false;
  for (auto& block : function) {
    for (auto& each : llvm::make_early_inc_range(block)) {
      auto* sum = llvm::dyn_cast<llvm::BinaryOperator>(&each);
      if (sum && sum->getOpcode() == llvm::Instruction::Add && is_counter(*sum)) changed |= split(*sum, fuel);
    }
  }
  return changed;
}

class Chains {
 public:
  Chains(llvm::Function& function, const FuelSet& fuel, const llvm::DominatorTree& dominators)
      : dominators_(dominators) {
    dominators_.updateDFSNumbers();
    for (auto& block : function) {
      for (auto& each : block) {
        if (fuel.contains(&each) && amount_of(each) && fuel.contains(each.getOperand(0))) {
          additions_[each.getOperand(0)].push_back(&each);
        }
      }
    }
  }

  bool run() {
    bool changed = false;
    for (auto& [base, additions] : additions_) changed |= chain(additions);
    return changed;
  }

 private:
  bool chain(llvm::SmallVector<llvm::Instruction*, 2>& additions) {
    if (additions.size() < 2) return false;
    std::sort(additions.begin(), additions.end(), [&](const llvm::Instruction* a, const llvm::Instruction* b) {
      if (a->getParent() == b->getParent()) return a != b && a->comesBefore(b);
      return dominators_.getNode(a->getParent())->getDFSNumIn() < dominators_.getNode(b->getParent())->getDFSNumIn();
    });
    struct Link {
      llvm::Instruction* sum;
      llvm::APInt amount;  // over the base
    };
    bool changed = false;
    llvm::SmallVector<Link, 8> before;  // each dominates the next
    for (auto* sum : additions) {
      const auto amount = amount_of(*sum)->getValue();
      while (!before.empty() && !dominators_.dominates(before.back().sum, sum)) before.pop_back();
      if (!before.empty()) {
        sum->setOperand(0, before.back().sum);
        sum->setOperand(1, llvm::ConstantInt::get(sum->getType(), amount - before.back().amount));
        sum->dropPoisonGeneratingFlags();
        changed = true;
      }
      before.push_back({sum, amount});
    }
    return changed;
  }

  const llvm::DominatorTree& dominators_;
  llvm::MapVector<llvm::Value*, llvm::SmallVector<llvm::Instruction*, 2>> additions_;
};

// LSR would take fuel for an induction variable among others, and compute it from one of them.
bool hide_from_strength_reduction(llvm::LoopInfo& loops, const FuelSet& fuel) {
  bool changed = false;
  for (auto* loop : loops.getLoopsInPreorder()) {
    auto* latch = loop->getLoopLatch();
    if (!latch) continue;
    for (auto& phi : loop->getHeader()->phis()) {
      if (!fuel.contains(&phi)) continue;
      auto* next = llvm::dyn_cast<llvm::Instruction>(phi.getIncomingValueForBlock(latch));
      if (!next || !amount_of(*next)) continue;
      auto* hidden = new llvm::FreezeInst(next, "", std::next(next->getIterator()));
      next->replaceUsesWithIf(hidden, [&](const llvm::Use& use) { return use.getUser() != hidden; });
      changed = true;
    }
  }
  return changed;
}

}  // namespace

llvm::PreservedAnalyses FuelChaining::run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses) {
  if (!fuel_index(function.getFnAttribute(kFuelAttribute))) return llvm::PreservedAnalyses::all();
  auto fuel = fuel_values(function);
  bool changed = split_all(function, fuel);
  changed |= Chains(function, fuel, analyses.getResult<llvm::DominatorTreeAnalysis>(function)).run();
  changed |= hide_from_strength_reduction(analyses.getResult<llvm::LoopAnalysis>(function), fuel);
  if (!changed) return llvm::PreservedAnalyses::all();
  llvm::PreservedAnalyses kept;
  kept.preserveSet<llvm::CFGAnalyses>();
  return kept;
}

}  // namespace slack::jit

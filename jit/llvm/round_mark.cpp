// Marks of rounds.
#include "jit/llvm/round_mark.hpp"

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/MapVector.h>
#include <llvm/ADT/SetVector.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/Transforms/Utils/Local.h>
#include <llvm/Transforms/Utils/LoopUtils.h>
#include <llvm/Transforms/Utils/PromoteMemToReg.h>

#include <algorithm>

#include "jit/llvm/preserved.hpp"
#include "jit/llvm/safepoint_lowering.hpp"
#include "jit/llvm/value_marker.hpp"

namespace slack::jit {

namespace {

// Operands of a mark. kSum is what the rounds that it stands for cost together, kMadeHere a value made in the loop:
// if all were made before it, the vectoriser would leave one mark for all rounds of a vector.
enum Operand : unsigned { kVariable, kAhead, kSum, kCost, kSafepoint, kMadeHere = kSafepoint + 4, kOperands };

// Of a loop whose fuel was lifted, or that was made of one: what a round of the module's loop costs.
constexpr char kCostTag[] = "slack.loop.cost";

// LLVM unrolls a loop of few constant rounds altogether if that is some 600 instructions at the most, and others as a
// rule by 8 (UnrollingPreferences). Where marks are copied more often than instructions could be, there is nothing but
// marks.
constexpr unsigned kMostFullRounds = 1'024;
constexpr unsigned kOtherRounds = 8;
constexpr std::uint64_t kMostMarks = 1'024;

llvm::CallInst* as_mark(llvm::Instruction& instruction) {
  return const_cast<llvm::CallInst*>(as_marker(instruction, kOperands));
}

llvm::Value* operand(const llvm::CallInst& mark, unsigned which) {
  return mark.getOperandBundleAt(0).Inputs[which].get();
}

std::uint64_t figure(const llvm::CallInst& mark, unsigned which) {
  return llvm::cast<llvm::ConstantInt>(operand(mark, which))->getZExtValue();
}

void erase(llvm::CallInst& mark) {
  auto* made = operand(mark, kMadeHere);
  mark.eraseFromParent();
  llvm::RecursivelyDeleteTriviallyDeadInstructions(made);
}

// Of marks of one loop that follow each other in a block the first is left.
bool fold_marks(llvm::BasicBlock& block) {
  bool changed = false;
  llvm::SmallDenseMap<const llvm::Value*, llvm::CallInst*, 4> firsts;  // by variable
  for (auto& instruction : llvm::make_early_inc_range(block)) {
    if (const auto* store = llvm::dyn_cast<llvm::StoreInst>(&instruction)) firsts.erase(store->getPointerOperand());
    if (const auto* load = llvm::dyn_cast<llvm::LoadInst>(&instruction)) firsts.erase(load->getPointerOperand());
    auto* mark = as_mark(instruction);
    if (!mark) continue;
    auto*& first = firsts[operand(*mark, kVariable)];
    const auto together = first ? figure(*first, kSum) + figure(*mark, kSum) : 0;
    if (!first || operand(*first, kSafepoint + 1) != operand(*mark, kSafepoint + 1) ||
        operand(*first, kAhead) != operand(*mark, kAhead) || together > kMostMergedFuel) {
      first = mark;
      continue;
    }
    first->setOperand(kSum, llvm::ConstantInt::get(operand(*first, kSum)->getType(), together));
    erase(*mark);
    changed = true;
  }
  return changed;
}

bool has_marks(llvm::Function& function) {
  return llvm::any_of(llvm::instructions(function), [](auto& each) { return as_mark(each) != nullptr; });
}

// Holds marks below what the code around them may become.
class UnrollLimits {
 public:
  UnrollLimits(llvm::LoopInfo& loops, llvm::ScalarEvolution& evolution) : loops_(loops), evolution_(evolution) {}

  void set() {
    const auto loops = loops_.getLoopsInPreorder();
    for (auto* loop : llvm::reverse(loops)) set(*loop);
  }

 private:
  void set(llvm::Loop& loop) {
    std::uint64_t marks = 0;
    for (const auto* inner : loop.getSubLoops()) marks += marks_.lookup(inner);
    bool works = !loop.isInnermost();
    for (auto* block : loop.blocks()) {
      if (loops_.getLoopFor(block) != &loop) continue;
      for (auto& each : *block) {
        if (as_mark(each)) {
          ++marks;
        } else {
          works |= works_with_others(each, loop);
        }
      }
    }
    if (marks == 0) return;
    const auto known = evolution_.getSmallConstantTripCount(&loop);
    const auto copies = known != 0 && known <= kMostFullRounds ? known : kOtherRounds;
    // A loop that does nothing would be gone without metering, and costs as little as there is work in it.
    const bool is_too_much = !works || (marks > 1 && marks * copies > kMostMarks);
    if (is_too_much) llvm::addStringMetadataToLoop(&loop, "llvm.loop.unroll.disable", 1);
    marks_[&loop] = is_too_much ? marks : marks * copies;
  }

  // Whether it is more than a counter or the loop's test.
  bool works_with_others(llvm::Instruction& each, const llvm::Loop& loop) {
    if (llvm::isa<llvm::PHINode, llvm::BranchInst, llvm::CmpInst, llvm::BitCastInst>(each)) {
      return false;
    }
    if (each.getOpcode() != llvm::Instruction::Add && each.getOpcode() != llvm::Instruction::Sub) return true;
    return !llvm::all_of(each.users(), [&](const llvm::User* user) {
      const auto* instruction = llvm::cast<llvm::Instruction>(user);
      return loop.contains(instruction) && llvm::isa<llvm::PHINode, llvm::CmpInst>(instruction);
    });
  }

  llvm::LoopInfo& loops_;
  llvm::ScalarEvolution& evolution_;
  llvm::DenseMap<const llvm::Loop*, std::uint64_t> marks_;
};

llvm::AllocaInst* variable_of(const llvm::CallInst& mark) {
  return llvm::cast<llvm::AllocaInst>(operand(mark, kVariable));
}

// Which loop fuel was lifted from: fuel is put into its variable before it. A loop that is gone has left its marks in
// the one around it, and with them that store.
class Loops {
 public:
  Loops(llvm::Function& function, llvm::LoopInfo& loops) : loops_(loops) {
    for (auto& instruction : llvm::instructions(function)) {
      const auto* store = llvm::dyn_cast<llvm::StoreInst>(&instruction);
      const auto* variable = store ? llvm::dyn_cast<llvm::AllocaInst>(store->getPointerOperand()) : nullptr;
      if (variable) begins_[variable].push_back(store->getParent());
    }
  }

  // Marks of this variable are in the block.
  void tell(const llvm::BasicBlock& block, const llvm::AllocaInst& variable, std::uint64_t cost) const {
    auto* loop = loops_.getLoopFor(&block);
    const auto begins = begins_.find(&variable);
    if (!loop || begins == begins_.end()) return;
    if (llvm::any_of(begins->second, [&](const auto* begin) { return loop->contains(begin); })) return;
    llvm::addStringMetadataToLoop(loop, kCostTag, static_cast<unsigned>(cost));
  }

 private:
  llvm::LoopInfo& loops_;
  llvm::DenseMap<const llvm::AllocaInst*, llvm::SmallVector<const llvm::BasicBlock*, 1>> begins_;
};

// Fuel counts again in the round that `mark` stands for, and a safepoint publishes it.
void restore(llvm::CallInst& mark) {
  auto* counter = variable_of(mark);
  llvm::IRBuilder<> builder(&mark);
  auto* fuel = builder.CreateLoad(counter->getAllocatedType(), counter, "fuel");
  llvm::SmallVector<llvm::Value*, 5> operands{builder.CreateAdd(fuel, operand(mark, kAhead))};
  for (unsigned i = kSafepoint; i < kMadeHere; ++i) operands.push_back(operand(mark, i));
  make_marker(mark.getIterator(), operands, mark.getDebugLoc());
  builder.CreateStore(builder.CreateAdd(fuel, operand(mark, kSum)), counter);
  erase(mark);
}

}  // namespace

void mark_round(llvm::CallInst& polled, const RoundMark& mark) {
  auto& context = polled.getContext();
  llvm::SmallVector<llvm::Value*, kOperands> operands{mark.variable, mark.ahead, mark.cost, mark.cost};
  const auto bundle = polled.getOperandBundleAt(0).Inputs;
  operands.append(bundle.begin() + 1, bundle.end());
  auto* zero = llvm::ConstantInt::get(llvm::Type::getInt32Ty(context), 0);
  operands.push_back(new llvm::BitCastInst(zero, zero->getType(), "", polled.getIterator()));
  make_marker(polled.getIterator(), operands, polled.getDebugLoc());
}

std::optional<std::uint64_t> lifted_cost(const llvm::Loop& loop) {
  const auto found = llvm::getOptionalIntLoopAttribute(&loop, kCostTag);
  if (!found) return std::nullopt;
  return static_cast<std::uint64_t>(*found);
}

llvm::PreservedAnalyses RoundFolding::run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses) {
  if (!has_marks(function)) return llvm::PreservedAnalyses::all();
  for (auto& block : function) fold_marks(block);
  UnrollLimits(analyses.getResult<llvm::LoopAnalysis>(function),
               analyses.getResult<llvm::ScalarEvolutionAnalysis>(function))
      .set();
  auto kept = preserved(true);
  kept.preserve<llvm::ScalarEvolutionAnalysis>();  // marks are no part of it
  return kept;
}

llvm::PreservedAnalyses FuelRestoring::run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses) {
  const Loops loops(function, analyses.getResult<llvm::LoopAnalysis>(function));
  llvm::SmallSetVector<llvm::AllocaInst*, 8> variables;
  for (auto& block : function) {
    fold_marks(block);
    const llvm::AllocaInst* seen = nullptr;
    for (auto& instruction : llvm::make_early_inc_range(block)) {
      auto* mark = as_mark(instruction);
      if (!mark) continue;
      auto* variable = variable_of(*mark);
      if (variable != seen) loops.tell(block, *variable, figure(*mark, kCost));
      seen = variable;
      variables.insert(variable);
      restore(*mark);
    }
  }
  // Those of loops that are gone altogether have a store only.
  for (auto& instruction : function.getEntryBlock()) {
    auto* variable = llvm::dyn_cast<llvm::AllocaInst>(&instruction);
    if (variable && llvm::isAllocaPromotable(variable)) variables.insert(variable);
  }
  if (variables.empty()) return llvm::PreservedAnalyses::all();
  llvm::PromoteMemToReg(variables.getArrayRef(), analyses.getResult<llvm::DominatorTreeAnalysis>(function));
  return preserved(true);
}

}  // namespace slack::jit

// Strip-mining of loops whose rounds are known before the first.
#include "jit/llvm/strip_mining.hpp"

#include <llvm/ADT/MapVector.h>
#include <llvm/ADT/SetVector.h>
#include <llvm/ADT/bit.h>
#include <llvm/Analysis/AssumptionCache.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/Analysis/ScalarEvolutionExpressions.h>
#include <llvm/Analysis/TargetTransformInfo.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/Transforms/Utils/Local.h>
#include <llvm/Transforms/Utils/LoopSimplify.h>
#include <llvm/Transforms/Utils/LoopUtils.h>
#include <llvm/Transforms/Utils/ScalarEvolutionExpander.h>

#include <algorithm>
#include <optional>

#include "jit/llvm/preserved.hpp"
#include "jit/llvm/round_mark.hpp"
#include "jit/llvm/safepoint_lowering.hpp"

namespace slack::jit {

namespace {

// Strips of fewer rounds would cost more than they save.
constexpr std::uint64_t kFewestStripRounds = 4;
// A loop whose rounds cost more than this is neither lifted nor vectorised nor unrolled, which would put many of them
// between two safepoints. It is long, or nearly all of its operators are gone.
constexpr std::uint64_t kMostRoundFuel = kMostMergedFuel / 8;

// What is known of a function.
struct Analyses {
  Analyses(llvm::Function& function, llvm::FunctionAnalysisManager& manager)
      : loops(manager.getResult<llvm::LoopAnalysis>(function)),
        dominators(manager.getResult<llvm::DominatorTreeAnalysis>(function)),
        evolution(manager.getResult<llvm::ScalarEvolutionAnalysis>(function)),
        target(manager.getResult<llvm::TargetIRAnalysis>(function)) {}

  llvm::LoopInfo& loops;
  llvm::DominatorTree& dominators;
  llvm::ScalarEvolution& evolution;
  const llvm::TargetTransformInfo& target;
};

// A loop of more instructions than this, phis included, keeps its metering, and so does one with branches in it: two
// more instructions a round could hardly be measured, and what begins and ends a strip is felt where rounds are few
// (base64 and hashset: a twentieth).
constexpr std::size_t kLongBody = 28;

// A value of a loop that is ahead of a counter, a phi of its header, by the same in each round.
struct Reading {
  llvm::PHINode* counter = nullptr;
  llvm::APInt ahead;
};

// A loop with metering, and without.
class MeteredLoop {
 public:
  MeteredLoop(llvm::Loop& loop, Analyses& analyses) : loop_(loop), analyses_(analyses) {}

  // Whether the loop can do without.
  bool analyse() { return has_form() && find_counters() && find_metering() && read_uses(); }

  // The loop is left without a counter of fuel. Its safepoint becomes a mark of a round.
  // Whether anything has changed.
  bool lift(llvm::IRBuilder<>& entry) {
    const bool cheap = can_count();
    if (marker_) {
      if (!cheap && !all_exits_read(published_.counter)) return false;
      mark_rounds(entry);
    } else if (!cheap) {
      return false;
    }
    if (cheap) {
      leave_whole(expand_count(), false);
    } else {
      leave_to_variable();
    }
    remove_metering();
    return true;
  }

  // The loop is left without metering, in strips if it may have more rounds than one has. A round of the module's loop
  // costs `cost`.
  void strip(std::uint64_t cost) {
    if (!can_count() || round_cost().urem(cost) != 0) return;
    poll_as_last(cost);
    auto* rounds = expand_count();
    const bool whole = is_short();
    if (!whole) keep_flags();
    analyses_.evolution.forgetTopmostLoop(&loop_);
    for (auto& phi : exit_->phis()) analyses_.evolution.forgetValue(&phi);
    if (whole) {
      leave_whole(rounds, true);
    } else {
      cut(rounds);
    }
    remove_metering();
    if (replaced_test_) llvm::RecursivelyDeleteTriviallyDeadInstructions(replaced_test_);
  }

 private:
  // At most as many rounds as a strip has.
  [[nodiscard]] bool is_short() const {
    const auto* most = analyses_.evolution.getConstantMaxBackedgeTakenCount(&loop_);
    const auto* limit = llvm::dyn_cast<llvm::SCEVConstant>(most);
    return limit && limit->getAPInt().ult(strip_rounds_);
  }

  [[nodiscard]] llvm::Value* expand_count() {
    llvm::SCEVExpander expander(analyses_.evolution, header_->getDataLayout(), "rounds");
    return expander.expandCodeFor(count_, count_->getType(), preheader_->getTerminator());
  }

  // Fuel waits in a variable that the loop does not see; restore_rounds() makes values of it again.
  void mark_rounds(llvm::IRBuilder<>& entry) {
    auto* counter = published_.counter;
    variable_ = entry.CreateAlloca(counter->getType(), nullptr, "fuel.of.rounds");
    llvm::IRBuilder<> builder(preheader_->getTerminator());
    builder.CreateStore(counter->getIncomingValueForBlock(preheader_), variable_);
    const auto constant = [&](const llvm::APInt& value) { return builder.getInt(value); };
    mark_round(*marker_, {variable_, constant(published_.ahead), constant(counters_.lookup(counter))});
  }

  bool has_form() {
    preheader_ = loop_.getLoopPreheader();
    header_ = loop_.getHeader();
    latch_ = loop_.getLoopLatch();
    exit_ = loop_.getExitBlock();
    if (!loop_.isLoopSimplifyForm() || !exit_ || loop_.getExitingBlock() != latch_) return false;
    test_ = llvm::dyn_cast<llvm::BranchInst>(latch_->getTerminator());
    if (!test_) return false;
    for (auto* block : loop_.blocks()) {
      for (auto& instruction : *block) {
        if (llvm::isa<llvm::CallBase>(instruction) && !llvm::isa<llvm::IntrinsicInst>(instruction)) return false;
        if (is_softened(instruction)) markers_.push_back(llvm::cast<llvm::CallInst>(&instruction));
      }
    }
    count_ = analyses_.evolution.getBackedgeTakenCount(&loop_);
    return !llvm::isa<llvm::SCEVCouldNotCompute>(count_) && count_->getType()->isIntegerTy();
  }

  bool find_counters() {
    for (auto& phi : header_->phis()) {
      const auto* recurrence = recurrence_of(phi);
      if (!recurrence) continue;
      const auto* step = llvm::cast<llvm::SCEVConstant>(recurrence->getStepRecurrence(analyses_.evolution));
      counters_.insert({&phi, step->getAPInt()});
    }
    return !counters_.empty();
  }

  // Null if `value` does not change by the same constant in each round of the loop.
  const llvm::SCEVAddRecExpr* recurrence_of(llvm::Value& value) const {
    if (!value.getType()->isIntegerTy()) return nullptr;
    auto& evolution = analyses_.evolution;
    const auto* recurrence = llvm::dyn_cast<llvm::SCEVAddRecExpr>(evolution.getSCEV(&value));
    const bool counts = recurrence && recurrence->getLoop() == &loop_ && recurrence->isAffine() &&
                        llvm::isa<llvm::SCEVConstant>(recurrence->getStepRecurrence(evolution));
    return counts ? recurrence : nullptr;
  }

  std::optional<Reading> read(llvm::Value& value) const {
    const auto* recurrence = recurrence_of(value);
    if (!recurrence) return std::nullopt;
    for (const auto& [phi, step] : counters_) {
      if (phi->getType() != value.getType()) continue;
      const auto ahead = analyses_.evolution.computeConstantDifference(recurrence, recurrence_of(*phi));
      if (ahead) return Reading{phi, *ahead};
    }
    return std::nullopt;
  }

  // What counts fuel must be of no use in the loop but to safepoints.
  bool find_metering() {
    for (const auto& [phi, step] : counters_) {
      if (phi->getType()->isIntegerTy(64)) add_if_unused(*phi);
    }
    if (markers_.empty()) return !metering_.empty();
    std::uint64_t cost = 1;
    for (auto* marker : markers_) {
      const auto reading = read(*marker->getOperand(0));
      if (!reading || !metering_.contains(reading->counter)) return false;
      cost = std::max(cost, counters_.lookup(reading->counter).getLimitedValue());
      if (!analyses_.dominators.dominates(marker, test_)) continue;
      if (!marker_) first_published_ = *reading;
      marker_ = marker;
      published_ = *reading;
    }
    strip_rounds_ = std::min(kMostStripRounds, llvm::bit_floor(kMostStripFuel / cost));
    return marker_ && strip_rounds_ >= kFewestStripRounds;
  }

  [[nodiscard]] const llvm::APInt& round_cost() const { return counters_.find(published_.counter)->second; }

  // A vectorised or unrolled body has the safepoint of its first round, and maybe some more. Behind the loop that of
  // the last one publishes what the others have spent besides.
  void poll_as_last(std::uint64_t cost) {
    published_ = first_published_;
    published_.ahead += round_cost() - cost;
  }

  void add_if_unused(llvm::PHINode& phi) {
    llvm::SmallSetVector<llvm::Instruction*, 8> values;
    values.insert(&phi);
    for (std::size_t i = 0; i < values.size(); ++i) {
      for (auto* user : values[i]->users()) {
        auto* instruction = llvm::cast<llvm::Instruction>(user);
        const bool is_choice = llvm::isa<llvm::PHINode, llvm::SelectInst>(instruction);
        if (!loop_.contains(instruction)) {
          if (!is_choice || instruction->getParent() != exit_ || !read(*values[i])) return;
        } else if (!is_softened(*instruction)) {
          if (!is_choice && instruction->getOpcode() != llvm::Instruction::Add) return;
          if (instruction->getType() != phi.getType()) return;
          values.insert(instruction);
        }
      }
    }
    metering_.insert(values.begin(), values.end());
  }

  // The fuel behind the loop, and the end of the loop, follow from the number of rounds.
  bool read_uses() {
    for (auto& phi : exit_->phis()) {
      auto* value = llvm::dyn_cast<llvm::Instruction>(phi.getIncomingValueForBlock(latch_));
      if (!value || !metering_.contains(value)) continue;
      exits_.insert({&phi, *read(*value)});
    }
    if (auto* comparison = llvm::dyn_cast<llvm::ICmpInst>(test_->getCondition())) {
      for (auto& operand : comparison->operands()) add_tested(*operand);
    }
    for (const auto& [phi, step] : counters_) add_tested(*phi->getIncomingValueForBlock(latch_));
    return true;
  }

  void add_tested(llvm::Value& value) {
    auto* instruction = llvm::dyn_cast<llvm::Instruction>(&value);
    if (!instruction || !loop_.contains(instruction) || metering_.contains(instruction)) return;
    if (const auto reading = read(value)) tested_.emplace_back(&value, *reading);
  }

  bool can_count() { return is_cheap_to_count(loop_, *count_, analyses_.evolution, analyses_.target); }

  // What is known of a counter's range follows from the loop's test, which is about to change.
  void keep_flags() {
    for (const auto& [phi, step] : counters_) {
      if (metering_.contains(phi)) continue;
      auto* sum = llvm::dyn_cast<llvm::OverflowingBinaryOperator>(phi->getIncomingValueForBlock(latch_));
      const auto flags = sum ? analyses_.evolution.getStrengthenedNoWrapFlagsFromBinOp(sum) : std::nullopt;
      auto* instruction = llvm::dyn_cast_or_null<llvm::BinaryOperator>(sum);
      if (!flags || !instruction) continue;
      instruction->setHasNoUnsignedWrap(llvm::ScalarEvolution::maskFlags(*flags, llvm::SCEV::FlagNUW) != 0);
      instruction->setHasNoSignedWrap(llvm::ScalarEvolution::maskFlags(*flags, llvm::SCEV::FlagNSW) != 0);
    }
  }

  // `counter`, that began at `begin`, in the round number `round` counted from 0.
  llvm::Value* counter_in(llvm::IRBuilder<>& builder, llvm::PHINode* counter, llvm::Value* begin, llvm::Value* round) {
    auto* type = counter->getType();
    auto* way = builder.CreateMul(builder.CreateZExtOrTrunc(round, type),
                                  llvm::ConstantInt::get(type, counters_.lookup(counter)));
    return builder.CreateAdd(begin, way);
  }

  static llvm::Value* add(llvm::IRBuilder<>& builder, llvm::Value* value, const llvm::APInt& amount) {
    return builder.CreateAdd(value, llvm::ConstantInt::get(value->getType(), amount));
  }

  void leave_whole(llvm::Value* rounds, bool polls) {
    llvm::IRBuilder<> builder(preheader_->getTerminator());
    const auto last = [&](llvm::PHINode* counter) {
      return counter_in(builder, counter, counter->getIncomingValueForBlock(preheader_), rounds);
    };
    for (const auto& [phi, reading] : exits_) {
      phi->setIncomingValueForBlock(latch_, add(builder, last(reading.counter), reading.ahead));
    }
    if (!polls) return;
    llvm::IRBuilder<> behind(exit_, exit_->getFirstInsertionPt());
    poll(behind, last(published_.counter));
  }

  bool all_exits_read(const llvm::PHINode* counter) const {
    return llvm::all_of(exits_, [&](const auto& exit) { return exit.second.counter == counter; });
  }

  // Behind the last round the variable has what the counter would have in another.
  void leave_to_variable() {
    llvm::IRBuilder<> builder(exit_, exit_->getFirstInsertionPt());
    for (const auto& [phi, reading] : exits_) {
      auto* fuel = builder.CreateLoad(variable_->getAllocatedType(), variable_, "fuel");
      phi->replaceAllUsesWith(add(builder, fuel, reading.ahead - counters_.lookup(reading.counter)));
      phi->eraseFromParent();
    }
  }

  void cut(llvm::Value* rounds) {
    make_blocks();
    auto* type = rounds->getType();
    auto* most = llvm::ConstantInt::get(type, strip_rounds_ - 1);
    llvm::IRBuilder<> builder(strip_);
    builder.SetCurrentDebugLocation(marker_->getDebugLoc());
    auto* left = builder.CreatePHI(type, 2, "rounds.left");
    for (auto& phi : header_->phis()) begins_[&phi] = begin_strip(phi);
    last_round_ = builder.CreateBinaryIntrinsic(llvm::Intrinsic::umin, left, most);
    builder.CreateBr(header_);
    replace_test();

    builder.SetInsertPoint(end_);
    for (const auto& [phi, reading] : exits_) {
      phi->setIncomingValueForBlock(latch_, add(builder, counter_at_end(reading.counter), reading.ahead));
    }
    for (auto& phi : exit_->phis()) {
      phi.setIncomingValueForBlock(latch_, lead_out(phi.getIncomingValueForBlock(latch_)));
      phi.replaceIncomingBlockWith(latch_, end_);
    }
    poll(builder, counter_at_end(published_.counter));
    auto* branch = builder.CreateCondBr(builder.CreateICmpULE(left, most), exit_, next_);
    branch->setMetadata(llvm::LLVMContext::MD_prof, llvm::MDBuilder(header_->getContext()).createLikelyBranchWeights());

    builder.SetInsertPoint(next_);
    left->addIncoming(rounds, preheader_);
    left->addIncoming(builder.CreateSub(left, llvm::ConstantInt::get(type, strip_rounds_)), next_);
    for (const auto& [phi, begin] : begins_) begin->addIncoming(next_begin(builder, *phi, begin), next_);
    builder.CreateBr(strip_);
  }

  // The safepoint of the round that the builder stands behind, where the counter of fuel was `counter`.
  void poll(llvm::IRBuilder<>& builder, llvm::Value* counter) {
    auto* safepoint = marker_->clone();
    safepoint->setOperand(0, add(builder, counter, published_.ahead));
    builder.Insert(safepoint);
  }

  // Where a strip begins, where it ends, and the way from one to the next.
  void make_blocks() {
    auto& context = header_->getContext();
    auto* function = header_->getParent();
    strip_ = llvm::BasicBlock::Create(context, "strip", function, header_);
    end_ = llvm::BasicBlock::Create(context, "strip.end", function, exit_);
    next_ = llvm::BasicBlock::Create(context, "strip.next", function, exit_);
    preheader_->getTerminator()->replaceSuccessorWith(header_, strip_);
    header_->replacePhiUsesWith(preheader_, strip_);
    test_->replaceSuccessorWith(exit_, end_);

    auto& dominators = analyses_.dominators;
    dominators.addNewBlock(strip_, preheader_);
    dominators.changeImmediateDominator(header_, strip_);
    dominators.addNewBlock(end_, latch_);
    dominators.addNewBlock(next_, end_);
    dominators.changeImmediateDominator(exit_, end_);

    auto& loops = analyses_.loops;
    auto* outer = loops.AllocateLoop();
    if (auto* parent = loop_.getParentLoop()) {
      parent->replaceChildLoopWith(&loop_, outer);
    } else {
      loops.changeTopLevelLoop(&loop_, outer);
    }
    outer->addChildLoop(&loop_);
    outer->addBasicBlockToLoop(strip_, loops);
    for (auto* block : loop_.blocks()) outer->addBlockEntry(block);
    outer->addBasicBlockToLoop(end_, loops);
    outer->addBasicBlockToLoop(next_, loops);
  }

  // What a phi of the inner loop begins a strip with.
  llvm::PHINode* begin_strip(llvm::PHINode& phi) {
    auto* begin = llvm::PHINode::Create(phi.getType(), 2, phi.getName(), strip_->end());
    begin->addIncoming(phi.getIncomingValueForBlock(strip_), preheader_);
    phi.setIncomingValueForBlock(strip_, begin);
    return begin;
  }

  // A strip has all its rounds where another follows.
  llvm::Value* next_begin(llvm::IRBuilder<>& builder, llvm::PHINode& phi, llvm::PHINode* begin) {
    const auto counter = counters_.find(&phi);
    if (counter == counters_.end()) return lead_out(phi.getIncomingValueForBlock(latch_));
    if (metering_.contains(&phi)) return add(builder, counter_at_end(&phi), counter->second);
    // Strength reduction takes counters of outer loops to be free, and would count from 0 beside them.
    return builder.CreateFreeze(add(builder, begin, counter->second * strip_rounds_));
  }

  // `value` behind the inner loop.
  llvm::Value* lead_out(llvm::Value* value) {
    auto* computed = llvm::dyn_cast<llvm::Instruction>(value);
    if (!computed || !loop_.contains(computed)) return value;
    auto* phi = llvm::PHINode::Create(value->getType(), 1, value->getName(), end_->begin());
    phi->addIncoming(value, latch_);
    return phi;
  }

  // What a counter is in the last round of a strip. All else about it follows from that, so only that has to be kept
  // through the inner loop.
  llvm::Value* counter_at_end(llvm::PHINode* counter) {
    auto& value = ends_[counter];
    if (!value) {
      llvm::IRBuilder<> builder(strip_->getTerminator());
      value = counter_in(builder, counter, begins_[counter], last_round_);
    }
    return value;
  }

  // The loop is left where what it tested, or another counter, has its value of the strip's last round.
  void replace_test() {
    auto* old_test = test_->getCondition();
    llvm::IRBuilder<> builder(test_);
    auto [value, reading] = tested_value();
    if (!value) {
      auto* type = last_round_->getType();
      auto* round = llvm::PHINode::Create(type, 2, "round", header_->begin());
      round->addIncoming(llvm::ConstantInt::getNullValue(type), strip_);
      round->addIncoming(add(builder, round, llvm::APInt(type->getIntegerBitWidth(), 1)), latch_);
      test_->setCondition(builder.CreateICmpNE(round, last_round_));
    } else {
      llvm::IRBuilder<> before(strip_->getTerminator());
      auto* last =
          add(before, counter_in(before, reading.counter, begins_[reading.counter], last_round_), reading.ahead);
      // Strength reduction would see that both have the strip's begin in them, and count from 0 beside it.
      last = before.CreateFreeze(last);
      test_->setCondition(builder.CreateICmpNE(value, last));
    }
    if (test_->getSuccessor(0) != header_) test_->swapSuccessors();
    replaced_test_ = old_test;  // what only it needed goes last: it may be among begins_
  }

  // Each value that it could have in a strip is another one.
  bool is_distinct(const Reading& reading) const {
    const auto& step = counters_.find(reading.counter)->second;
    return step.abs().getActiveBits() + llvm::Log2_64(kMostStripRounds) <= step.getBitWidth();
  }

  std::pair<llvm::Value*, Reading> tested_value() {
    for (const auto& [value, reading] : tested_) {
      if (is_distinct(reading)) return {value, reading};
    }
    return {nullptr, Reading()};
  }

  void remove_metering() {
    for (auto* marker : markers_) marker->eraseFromParent();
    for (auto* value : metering_) value->replaceAllUsesWith(llvm::PoisonValue::get(value->getType()));
    for (auto* value : metering_) value->eraseFromParent();
  }

  llvm::Loop& loop_;
  Analyses& analyses_;
  llvm::BasicBlock* preheader_ = nullptr;
  llvm::BasicBlock* header_ = nullptr;
  llvm::BasicBlock* latch_ = nullptr;
  llvm::BasicBlock* exit_ = nullptr;
  llvm::BranchInst* test_ = nullptr;
  const llvm::SCEV* count_ = nullptr;  // of back edges
  std::uint64_t strip_rounds_ = kMostStripRounds;
  llvm::MapVector<llvm::PHINode*, llvm::APInt> counters_;  // by what they go up each round
  llvm::SmallSetVector<llvm::Instruction*, 8> metering_;   // what counts fuel
  llvm::SmallVector<llvm::CallInst*, 4> markers_;
  llvm::CallInst* marker_ = nullptr;  // the last that every round passes
  Reading published_;                 // there
  Reading first_published_;           // at the first one
  llvm::MapVector<llvm::PHINode*, Reading> exits_;
  llvm::SmallVector<std::pair<llvm::Value*, Reading>, 4> tested_;
  llvm::AllocaInst* variable_ = nullptr;  // has the fuel while the loop has no counter

  llvm::BasicBlock* strip_ = nullptr;
  llvm::BasicBlock* end_ = nullptr;
  llvm::BasicBlock* next_ = nullptr;
  llvm::MapVector<llvm::PHINode*, llvm::PHINode*> begins_;
  llvm::MapVector<llvm::PHINode*, llvm::Value*> ends_;
  llvm::Value* last_round_ = nullptr;
  llvm::WeakTrackingVH replaced_test_;
};

bool is_small(const llvm::Loop& loop) {
  return loop.getNumBlocks() == 1 && !loop.getHeader()->hasNPredecessorsOrMore(3) &&
         loop.getHeader()->size() <= kLongBody;
}

bool has_safepoint(const llvm::Loop& loop) {
  return llvm::any_of(loop.blocks(), [](const auto* block) { return llvm::any_of(*block, is_softened); });
}

// Whether safepoints of two rounds are further apart than is to be merged.
bool has_dear_rounds(const llvm::Loop& loop, llvm::ScalarEvolution& evolution) {
  return llvm::any_of(loop.blocks(), [&](auto* block) {
    return llvm::any_of(*block, [&](auto& each) {
      if (!is_softened(each)) return false;
      const auto* fuel = llvm::dyn_cast<llvm::SCEVAddRecExpr>(evolution.getSCEV(each.getOperand(0)));
      if (!fuel || fuel->getLoop() != &loop) return false;
      return evolution.getUnsignedRangeMin(fuel->getStepRecurrence(evolution)).ugt(kMostRoundFuel);
    });
  });
}

void keep_rounds_apart(llvm::Loop& loop) {
  llvm::addStringMetadataToLoop(&loop, "llvm.loop.vectorize.enable", 0);
  llvm::addStringMetadataToLoop(&loop, "llvm.loop.unroll.disable", 1);
}

}  // namespace

bool is_cheap_to_count(llvm::Loop& loop, const llvm::SCEV& count, llvm::ScalarEvolution& evolution,
                       const llvm::TargetTransformInfo& target) {
  const bool divides = llvm::SCEVExprContains(&count, [](const llvm::SCEV* part) {
    const auto* division = llvm::dyn_cast<llvm::SCEVUDivExpr>(part);
    return division && !llvm::isa<llvm::SCEVConstant>(division->getRHS());
  });
  if (divides) return false;  // one by itself is within the budget
  llvm::SCEVExpander expander(evolution, loop.getHeader()->getDataLayout(), "rounds");
  auto* place = loop.getLoopPreheader()->getTerminator();
  return expander.isSafeToExpandAt(&count, place) &&
         !expander.isHighCostExpansion({&count}, &loop, llvm::SCEVCheapExpansionBudget, &target, place);
}

llvm::PreservedAnalyses FuelLifting::run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses) {
  Analyses needed(function, analyses);
  bool changed = false;
  llvm::IRBuilder<> entry(&function.getEntryBlock(), function.getEntryBlock().getFirstInsertionPt());
  for (auto* loop : needed.loops.getLoopsInPreorder()) {
    if (!loop->isInnermost()) continue;
    if (has_dear_rounds(*loop, needed.evolution)) {
      keep_rounds_apart(*loop);
      continue;
    }
    if (!is_small(*loop)) continue;
    llvm::formLCSSA(*loop, needed.dominators, &needed.loops, &needed.evolution);
    MeteredLoop metered(*loop, needed);
    if (!metered.analyse() || !metered.lift(entry)) continue;
    needed.evolution.forgetLoop(loop);
    changed = true;
  }
  return preserved(changed);
}

llvm::PreservedAnalyses StripMining::run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses) {
  Analyses needed(function, analyses);
  bool changed = false;
  auto& assumptions = analyses.getResult<llvm::AssumptionAnalysis>(function);
  for (auto* loop : needed.loops.getLoopsInPreorder()) {
    const auto cost = lifted_cost(*loop);
    if (!loop->isInnermost() || !cost || !has_safepoint(*loop)) continue;
    llvm::simplifyLoop(loop, &needed.dominators, &needed.loops, &needed.evolution, &assumptions, nullptr, false);
    llvm::formLCSSA(*loop, needed.dominators, &needed.loops, &needed.evolution);
    changed = true;
    MeteredLoop metered(*loop, needed);
    if (metered.analyse()) metered.strip(*cost);
  }
  return changed ? llvm::PreservedAnalyses::none() : llvm::PreservedAnalyses::all();
}

}  // namespace slack::jit

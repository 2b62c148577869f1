// Polls but those of loops: where a function's entry, its calls, long code and its returns have safepoints.
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/Dominators.h>

#include "jit/llvm/function_lowering.hpp"

namespace slack::jit {

using meter::EntryPoll;
using wasm::Operator;

// Where lowering is: behind the operator at offset_, whose cost is charged.
FuelCounter::Poll FunctionLowering::poll() {
  const auto made = fuel_->safepoint(offset_);
  fuel_->begin_node();
  return made;
}

const meter::Callee* FunctionLowering::callee_of(const wasm::Instruction& instruction) const {
  if (instruction.op == Operator::call) return &environment_.polls()[instruction.index];
  return instruction.op == Operator::call_indirect ? &meter::kUnknownCallee : nullptr;
}

void FunctionLowering::poll_at_entry() {
  stretch_.spend(environment_.costs().function_entry().count());
  const auto planned = environment_.polls()[index_].poll;
  // With quick effort nothing is known of dominators.
  const bool is_quick = environment_.partition().effort == Effort::quick;
  polls_before_calls_ = planned == EntryPoll::before_calls && !is_quick && environment_.has_safepoints();
  if (planned == EntryPoll::none || polls_before_calls_) return;
  (void)poll();
  stretch_.poll();
}

// What an operator spends is known before it is lowered.
void FunctionLowering::poll_before(const wasm::Instruction& instruction) {
  const auto cost = meter::stretch_of(environment_.costs(), instruction.op);
  const auto* callee = callee_of(instruction);
  if (stretch_.must_poll_before(cost + (callee ? callee->most_unpolled : 0))) {
    (void)poll();
    stretch_.poll();
  }
  stretch_.spend(cost);
}

// The call is charged for, what is prepaid for the callee is not: that is charged behind the poll.
void FunctionLowering::poll_before_call(const wasm::Instruction& instruction) {
  const auto* callee = callee_of(instruction);
  if (!callee) return;
  auto* block = builder_.GetInsertBlock();
  if (polls_before_calls_ && callee->may_poll && polled_calls_.count(block) == 0) {
    if (polled_calls_.empty()) stretch_.mark();
    polled_calls_[block] = poll();
  }
  stretch_.call(*callee);
}

void FunctionLowering::poll_before_return() {
  if (!stretch_.must_poll_before_return()) return;
  (void)poll();
  stretch_.poll();
}

// One of them stays, or one in their place, where all ways to those calls come together: outside of loops, or in every
// round of a loop in place of the poll on its back edge.
void FunctionLowering::settle_polls_before_calls() {
  if (polled_calls_.empty()) return;
  const llvm::DominatorTree dominators(function_);
  const llvm::LoopInfo loops(dominators);
  auto* first = polled_calls_.front().first;
  auto* block = first;
  for (const auto& [other, poll] : polled_calls_) {
    if (block->isEntryBlock()) break;
    block = dominators.findNearestCommonDominator(block, other);
  }
  // The poll on the back edge of `loop` that one before the first call makes superfluous.
  const auto superfluous = [&](const llvm::Loop* loop) -> const BackEdgePoll* {
    const auto found = loop && block == first ? loops_.find(loop->getHeader()) : loops_.end();
    if (found == loops_.end() || !found->second.is_round_short) return nullptr;
    return dominators.dominates(block, found->second.latch) ? &found->second : nullptr;
  };
  const auto* loop = loops.getLoopFor(block);
  if (superfluous(loop)) {
    for (; const auto* round = superfluous(loop); loop = loop->getParentLoop()) fuel_->drop(round->poll);
  } else {
    while (loops.getLoopDepth(block) != 0) block = dominators.getNode(block)->getIDom()->getBlock();
  }
  for (const auto& [other, poll] : polled_calls_) {
    if (other != block) fuel_->drop(poll);
  }
  if (polled_calls_.count(block) != 0) return;
  // Behind the operator that the block ends with, which branches or begins a loop.
  fuel_->safepoint_at_end(*block, WasmOffset(block->getTerminator()->getDebugLoc().getLine()));
}

}  // namespace slack::jit

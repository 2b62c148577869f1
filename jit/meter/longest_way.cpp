// The most fuel that one call of a function spends before it polls or returns.
#include "jit/meter/longest_way.hpp"

#include <utility>

namespace slack::meter {

using wasm::Operator;

void LongestWay::pass(const wasm::Instruction& instruction, std::uint64_t cost) {
  spend(cost);
  switch (instruction.op) {
    case Operator::block:
      frames_.push_back({});
      break;
    case Operator::loop:
      frames_.push_back({{}, {}, true});
      break;
    case Operator::if_:
      frames_.push_back({{}, now_, false});
      break;
    case Operator::else_:
      frames_.back().end.join(now_);
      now_ = std::exchange(frames_.back().otherwise, {});
      break;
    case Operator::end:
      now_.join(frames_.back().end);
      now_.join(frames_.back().otherwise);
      frames_.pop_back();
      if (frames_.empty()) longest_.join(now_);
      break;
    case Operator::br_table:
      for (const auto depth : instruction.labels) branch(depth);
      branch(instruction.index);
      now_ = {};
      break;
    case Operator::br_if:
      branch(instruction.index);
      break;
    case Operator::br:
      branch(instruction.index);
      now_ = {};
      break;
    case Operator::return_:
    case Operator::unreachable:
      longest_.join(now_);
      now_ = {};
      break;
    default:
      break;
  }
}

void LongestWay::branch(std::size_t depth) {
  auto& frame = frames_[frames_.size() - 1 - depth];
  (frame.is_loop ? longest_ : frame.end).join(now_);
}

}  // namespace slack::meter

// Ways: what is spent on all ways through a function at once, over its structured control.
//
// Fed with a body's operators from front to back: branches lead forward but for those to loops, so all ways to a point
// are known there. What they have spent is joined as `Spent` has it; a default one stands for no way at all.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "jit/wasm/operator.hpp"

namespace slack::meter {

template <typename Spent>
class Ways {
 public:
  explicit Ways(Spent at_entry) : now(at_entry), frames_(1) {}

  // One operator, whose cost `now` has. `end_round` is called where ways branch to a loop, and `end_way` where they
  // end: at a return, a trap and the end of the function.
  template <typename EndRound, typename EndWay>
  void pass(const wasm::Instruction& instruction, EndRound end_round, EndWay end_way) {
    using wasm::Operator;
    const auto branch = [&](std::size_t depth) {
      auto& frame = frames_[frames_.size() - 1 - depth];
      if (frame.is_loop) {
        end_round();
      } else {
        frame.end.join(now);
      }
    };
    switch (instruction.op) {
      case Operator::block:
        frames_.push_back({});
        break;
      case Operator::loop:
        frames_.push_back({{}, {}, true});
        break;
      case Operator::if_:
        frames_.push_back({{}, now, false});
        break;
      case Operator::else_:
        frames_.back().end.join(now);
        now = std::exchange(frames_.back().otherwise, {});
        break;
      case Operator::end:
        now.join(frames_.back().end);
        now.join(frames_.back().otherwise);
        frames_.pop_back();
        if (frames_.empty()) end_way();
        break;
      case Operator::br_table:
        for (const auto depth : instruction.labels) branch(depth);
        branch(instruction.index);
        now = {};
        break;
      case Operator::br_if:
        branch(instruction.index);
        break;
      case Operator::br:
        branch(instruction.index);
        now = {};
        break;
      case Operator::return_:
      case Operator::unreachable:
        end_way();
        now = {};
        break;
      default:
        break;
    }
  }

  Spent now;  // on the ways to where the body has been read

 private:
  struct Frame {
    Spent end;        // on branches to its end
    Spent otherwise;  // if: where it begins, until there is an else
    bool is_loop = false;
  };
  std::vector<Frame> frames_;
};

}  // namespace slack::meter

// LongestWay: the most fuel that one call of a function spends before it polls or returns, over all ways through it.
//
// Fed with a body's operators from front to back. A branch to a loop ends a way, by the poll on the loop's back edge;
// what goes on from there is no longer than the way from the function's entry through the same loop.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "jit/meter/ways.hpp"
#include "jit/wasm/operator.hpp"

namespace slack::meter {

class LongestWay {
 public:
  explicit LongestWay(std::uint64_t entry_cost) : ways_({entry_cost, entry_cost}) {}

  // One operator, and what it spends. A call's callee comes after it.
  void pass(const wasm::Instruction& instruction, std::uint64_t cost);
  void call(std::uint64_t fuel) { spend(fuel); }
  // A callee that may poll, for which the function may poll itself, before the call.
  void call_that_may_poll(std::uint64_t fuel) {
    longest_.join({ways_.now.before_calls, std::nullopt});
    ways_.now.before_calls.reset();
    spend(fuel);
  }

  // Of ways that end at such a call.
  [[nodiscard]] std::uint64_t before_calls() const { return longest_.before_calls.value_or(0); }
  // Of ways that go on behind it.
  [[nodiscard]] std::uint64_t with_calls() const { return longest_.with_calls.value_or(0); }

 private:
  // Nothing where no way leads, which is less than anything.
  struct Spent {
    std::optional<std::uint64_t> before_calls;
    std::optional<std::uint64_t> with_calls;
    void join(const Spent& other) {
      before_calls = std::max(before_calls, other.before_calls);
      with_calls = std::max(with_calls, other.with_calls);
    }
  };
  void spend(std::uint64_t fuel) {
    if (ways_.now.before_calls) *ways_.now.before_calls += fuel;
    if (ways_.now.with_calls) *ways_.now.with_calls += fuel;
  }

  Ways<Spent> ways_;
  Spent longest_;  // of ways that have ended
};

}  // namespace slack::meter

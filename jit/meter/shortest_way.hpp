// ShortestWay: the least fuel that one call of a function spends, over all ways through it, divided by who is to charge
// it: its callers before the call, its callers behind it, or the function itself.
//
// Fed with a body's operators from front to back, as LongestWay is.
#pragma once

#include <cstdint>
#include <optional>

#include "jit/meter/poll_plan.hpp"
#include "jit/meter/ways.hpp"
#include "jit/wasm/operator.hpp"

namespace slack::meter {

class ShortestWay {
 public:
  explicit ShortestWay(std::uint64_t entry_cost) : ways_({entry_cost, std::nullopt}) {}

  // One operator, and what it spends. A call's callee comes after it: kUnknownCallee where it is not decided.
  void pass(const wasm::Instruction& instruction, std::uint64_t cost);
  void call(const Callee& callee);
  // Of the function itself: no way on from there is shorter than the ways of that call.
  void call_itself() { ways_.now = {}; }

  // What every way spends before its first branch, loop, service, return or call, and what that callee wants prepaid.
  [[nodiscard]] std::uint64_t prepaid() const { return straight_.value_or(0) + first_callee_.prepaid; }
  // What every way spends at least from where the counter is last looked at or added to, as a rule, to its return: a
  // call or a service, the beginning or the end of a loop's round, or else where `prepaid` ends. 0 where none returns.
  [[nodiscard]] std::uint64_t owed(std::uint64_t prepaid) const;

 private:
  // Nothing where no way leads, which is more than anything.
  struct Spent {
    std::optional<std::uint64_t> from_entry;  // on ways that were not observed
    std::optional<std::uint64_t> observed;    // on the others, since then
    void join(const Spent& other);
    void spend(std::uint64_t fuel);
    void observe(std::uint64_t owed = 0);
  };
  void end_straight();

  Ways<Spent> ways_;
  Spent returned_;                         // over all ways that have ended in a return
  std::optional<std::uint64_t> straight_;  // what the first stretch spends, when it has ended
  bool is_first_call_ = false;             // the last operator ended it, and is a call
  Callee first_callee_;                    // of that call
};

}  // namespace slack::meter

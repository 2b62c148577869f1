// PollPlan: which functions of a module poll when they are called, and what of their fuel their callers count, decided
// over its graph of direct calls.
//
// Pure: knows operators and their costs, no LLVM. What the decisions guarantee is in poll_bounds.hpp.
#pragma once

#include <cstdint>
#include <vector>

#include "jit/meter/cost.hpp"
#include "jit/meter/poll_bounds.hpp"
#include "jit/wasm/module.hpp"

namespace slack::meter {

enum class EntryPoll : std::uint8_t {
  none,
  before_calls,  // on every way to a call of what may poll; ways without such a call need none
  at_entry,      // on every way
};

// What callers have to know of a function.
//
// `prepaid` and `owed` are fuel of the function that its callers count, with their own: the counter that it is given is
// so much ahead of the exact figure, and the one that it returns so much behind. They are no more together than any way
// through the function spends, so that no counter falls below what it was. 0 for functions that are called by others
// than this module's direct calls.
struct Callee {
  EntryPoll poll = EntryPoll::none;
  bool may_poll = false;            // itself, or something that it calls, when it is called
  std::uint16_t most_unpolled = 0;  // fuel from its call to its poll, or to its return without one
  std::uint16_t prepaid = 0;        // before the call
  std::uint16_t owed = 0;           // behind it
};
// One in a table or in another instance, which has a plan of its own.
inline constexpr Callee kUnknownCallee{EntryPoll::none, true, std::uint16_t{kMostUnpolled}, 0, 0};

using PollPlan = std::vector<Callee>;  // by function index, imported ones included

// `wasm` is validated. Linear in its size; the search keeps its own stack.
[[nodiscard]] PollPlan plan_polls(const wasm::Module& wasm, const CostTable& costs);

}  // namespace slack::meter

// PollPlan: which functions of a module poll when they are called, decided over its graph of direct calls.
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
struct Callee {
  EntryPoll poll = EntryPoll::none;
  bool may_poll = false;            // itself, or something that it calls, when it is called
  std::uint16_t most_unpolled = 0;  // fuel from its call to its poll, or to its return without one
};
// One in a table or in another instance, which has a plan of its own.
inline constexpr Callee kUnknownCallee{EntryPoll::none, true, std::uint16_t{kMostUnpolled}};

using PollPlan = std::vector<Callee>;  // by function index, imported ones included

// `wasm` is validated. Linear in its size; the search keeps its own stack.
[[nodiscard]] PollPlan plan_polls(const wasm::Module& wasm, const CostTable& costs);

}  // namespace slack::meter

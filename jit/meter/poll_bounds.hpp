// How far apart two polls of a run can be: the limits that the poll plan and the lowering keep, and what follows.
//
// A poll is a safepoint. Polls stand on every loop's back edge, or in every round of the loop no more than kLongestRest
// before it, and where these limits have them stand:
//   - Every circle of calls polls: a circle of direct calls has a function that closes it in a depth-first search
//     (poll_plan.hpp), and one through a table or an import passes a function that calls by them. Such functions poll
//     before each call that could lead on around, which in their code is one place that dominates all those calls.
//   - A function that polls neither at its entry nor there spends at most kMostUnpolled in one call, callees that do
//     not poll included; so does one that polls there, on its ways that do not pass it.
//   - On no way through a function lie more than kLongestStretch between two of its own polls, callees counted with
//     what they may spend before they poll (stretch.hpp).
//   - A frame that goes on when a callee that may have polled returns, and returns itself, spends at most kLongestTail
//     between the two, or polls.
//
// A way without a poll leads, therefore: from the poll to the return of its frame, at most kLongestStretch; up through
// any number of frames, at most kLongestTail in each; in the frame where that ends down to the next poll, at most
// kLongestStretch. Frames are at least 16 bytes of a stack of 8 MiB (return address and frame pointer), 524,288 at the
// most, so the bound is 2 * 8,192 + 128 * 524,288, some 67 million fuel or a fiftieth of a second, and 16,384 where
// the stack is not deep. On top of it come a strip of a loop (65,536, jit/llvm/strip_mining.hpp), one chunk of an
// operator on bytes, whose fuel is its length, and what the optimiser does: a small callee's frame in its caller's, two
// rounds of a small loop for one poll (jit/llvm/round_pairs.hpp). Of more rounds that it puts into one block a poll
// stays for every 8,192 fuel and a round (kMostMergedFuel, jit/llvm/safepoint_lowering.hpp), so 16,384 at the most.
// Two stretches and small callees that are folded into one block come to more: 20,001 are the most that was found
// (10,000 ifs in each other), and tests/bounds refuses 32,768.
#pragma once

#include <cstdint>

#include "jit/meter/cost.hpp"

namespace slack::meter {

inline constexpr std::uint64_t kMostUnpolled = 1'024;
inline constexpr std::uint64_t kLongestStretch = 8'192;
// A poll costs about what an operator does: one in so many is a hundredth at the most.
inline constexpr std::uint64_t kLongestTail = 128;
// Counted as spent wherever a round of such a loop begins, so that tails and stretches keep their limits.
inline constexpr std::uint64_t kLongestRest = 64;
// What an operator whose cost goes by length counts for besides: below the length from which it polls itself
// (kMemoryChunk of daemon/worker/bulk.hpp) it takes up to some 20 us, so 126 of them 2.5 ms.
inline constexpr std::uint64_t kServiceStretch = 64;

// What one execution of `op` counts for on the way to the next poll.
[[nodiscard]] inline std::uint64_t stretch_of(const CostTable& costs, wasm::Operator op) {
  return costs.of(op).count() + (costs_by_length(op) ? kServiceStretch : 0);
}

}  // namespace slack::meter

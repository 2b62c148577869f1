// Strip-mining: a small innermost loop whose rounds are known before the first runs without metering, in strips of so
// many rounds at the most with a safepoint behind each.
//
// Of
//     do { body; fuel += cost; safepoint(fuel); } while (++i != n);
// comes
//     left = n - i - 1;                            the count of back edges: 2^32 rounds are a number that has no room
//     for (;;) {
//       last = i + min(left, rounds - 1) + 1;
//       do { body; } while (++i != last);
//       fuel += cost * min(left + 1, rounds);
//       safepoint(fuel);
//       if (left < rounds) break;
//       left -= rounds;
//     }
// The vectoriser and the unroller must see the loop that there would be without metering, and know of its counters what
// they would know then, which strips hide. So fuel is lifted out of a loop before them and each round marked with what
// it costs; they copy marks as they copy rounds; behind them the marks become fuel and safepoints again
// (round_mark.hpp), and what loops there are then, of vectors, unrolled or of what is left over, are cut into strips
// each. A loop of few rounds is not cut, and has its safepoint behind it.
#pragma once

#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/Analysis/TargetTransformInfo.h>
#include <llvm/IR/PassManager.h>

#include <cstdint>

namespace slack::jit {

// What runs between two safepoints at the most in a loop that is cut, in rounds of the loop as it is then and in fuel.
// Once in so much a safepoint costs nothing that can be measured, and is late by some tens of microseconds.
inline constexpr std::uint64_t kMostStripRounds = 1'024;
inline constexpr std::uint64_t kMostStripFuel = 65'536;

// Whether the number of `loop`'s rounds, `count` of its back edges, can be had before the first without a division or
// the like. What is dear, LLVM's unroller does not compute either, unless it finds it there. The loop must be in
// loop-simplify form.
[[nodiscard]] bool is_cheap_to_count(llvm::Loop& loop, const llvm::SCEV& count, llvm::ScalarEvolution& evolution,
                                     const llvm::TargetTransformInfo& target);

// Before the vectoriser, when safepoints have their soft form or are gone. Loops must be rotated.
struct FuelLifting : llvm::PassInfoMixin<FuelLifting> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

// Behind all passes that simplify: they would undo what keeps strength reduction off the strips' counters.
struct StripMining : llvm::PassInfoMixin<StripMining> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace slack::jit

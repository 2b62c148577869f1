// Two rounds for one safepoint.
//
// A small innermost loop whose rounds are not known before the first cannot be cut into strips, and pays for an add and
// a safepoint in every round. Unrolled by two, its exits kept, it needs one of each in two rounds. So are loops whose
// rounds only a division tells and which are not to be vectorised (scattered_stores.hpp): with a safepoint for each of
// its stores the inner loop of the sieve of Eratosthenes took 1.4 times as long as without on Zen 5, divided for 2.2
// times, and in pairs 1.03 times (tests/bench, sieve).
#pragma once

#include <llvm/IR/PassManager.h>

namespace slack::jit {

// Before the vectoriser, and the unroller, which does it. Loops must be rotated.
struct RoundPairing : llvm::PassInfoMixin<RoundPairing> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

// After them: leaves the first safepoint of each pair.
struct PairPolling : llvm::PassInfoMixin<PairPolling> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace slack::jit

// Loops that store apart by a distance that only the run knows.
//
// The loop vectoriser takes such a store for as many scalar ones and their addresses for vectors, and misses what it
// costs to get them out of there: the sieve of Eratosthenes took 1.6 times as long on Zen 5 (tests/bench, sieve).
#pragma once

#include <llvm/IR/PassManager.h>

namespace slack::jit {

// Before the loop vectoriser, which leaves them alone then. Loops must be rotated and in loop-simplify form.
struct ScatteredStores : llvm::PassInfoMixin<ScatteredStores> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace slack::jit

// Two rounds for one safepoint.
//
// A small innermost loop whose rounds are not known before the first cannot be cut into strips, and pays for an add and
// a safepoint in every round. Unrolled by two, its exits kept, it needs one of each in two rounds.
#pragma once

#include <llvm/IR/PassManager.h>

namespace slack::jit {

// Before the unroller, which does it. Loops must be rotated.
struct RoundPairing : llvm::PassInfoMixin<RoundPairing> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

// After it: leaves the first safepoint of each pair.
struct PairPolling : llvm::PassInfoMixin<PairPolling> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace slack::jit

// What a pass of ours leaves valid.
#pragma once

#include <llvm/IR/Analysis.h>
#include <llvm/IR/PassManager.h>

namespace slack::jit {

// Of one that leaves the control-flow graph alone, whatever else it may have `changed`.
[[nodiscard]] inline llvm::PreservedAnalyses preserved(bool changed) {
  if (!changed) return llvm::PreservedAnalyses::all();
  llvm::PreservedAnalyses kept;
  kept.preserveSet<llvm::CFGAnalyses>();
  return kept;
}

}  // namespace slack::jit

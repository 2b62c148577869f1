// The order of a phi's values.
//
// The SLP vectoriser takes its lanes from a phi's first value. Which one that is depends on the blocks there were at
// some time, and metering has blocks of its own for what it adds on an edge: the main loop of gimli was made of other
// shuffles, and took a sixth longer, though nothing of metering was left in its chain of operations.
#pragma once

#include <llvm/IR/PassManager.h>

namespace slack::jit {

// Brings the values of all phis into the order in which the blocks they come from stand. In all modes, before the SLP
// vectoriser.
struct PhiOrdering : llvm::PassInfoMixin<PhiOrdering> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace slack::jit

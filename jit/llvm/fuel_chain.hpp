// Fuel chains: the last shape of fuel arithmetic, one value at a time.
//
// LLVM's passes fold a + 2 + 3 to a + 5 also where a + 2 is needed besides, and make of additions in two arms one of a
// phi of constants. Either way two values are alive where there was one: a register more, and a move a round in loops.
#pragma once

#include <llvm/IR/PassManager.h>

namespace slack::jit {

// Lets every addition to fuel start from the nearest one that comes before it on all ways, and stand in the arm that it
// is for. For functions of the internal convention that count; after all passes that could undo it.
struct FuelChaining : llvm::PassInfoMixin<FuelChaining> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace slack::jit

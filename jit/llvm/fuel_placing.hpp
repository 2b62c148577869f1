// Where fuel is added in the final code.
//
// FuelCounter has placed the adds in each function of the module, and LLVM's passes have inlined, unrolled and
// simplified since: what was owed at a call is so no longer where the call is gone, adds on one value are folded into
// two that are alive together, and additions in two arms are one of a phi of constants behind them. Here each
// function's fuel is read back from what is left of it, and placed anew in the control-flow graph that there is now.
#pragma once

#include <llvm/IR/PassManager.h>

namespace slack::jit {

// For functions of the internal convention that count; after all passes that simplify, before the code generator.
struct FuelPlacing : llvm::PassInfoMixin<FuelPlacing> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace slack::jit

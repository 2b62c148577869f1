// Quiet NaNs: arithmetic of WebAssembly never hands on a signalling NaN.
//
// The processor's instructions see to that. LLVM, which takes the environment of floating point to be the default one,
// does not: of x * 1, x / 1, x - 0 or a promotion and demotion it makes x. So while a module is optimised the result of
// every operation of which it could make an operand passes through llvm.canonicalize; before the vectoriser that is
// taken away again from all that did remain an operation, and made explicit where it did not.
#pragma once

#include <llvm/IR/Function.h>
#include <llvm/IR/IRBuilder.h>

namespace slack::jit {

// `result` of an operation, kept quiet.
[[nodiscard]] llvm::Value* keep_quiet(llvm::IRBuilder<>& builder, llvm::Value* result);

// Ends what keep_quiet began.
bool settle_quiet_nans(llvm::Function& function);

}  // namespace slack::jit

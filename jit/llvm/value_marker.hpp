// Markers: calls of llvm.sideeffect that keep values alive in their operand bundle and that every pass takes to be
// free.
#pragma once

#include <llvm/IR/IntrinsicInst.h>

namespace slack::jit {

// Stands before `before`. llvm.sideeffect leaves memory alone to every pass; "deopt" is the bundle that takes values of
// all types and writes nothing. What a marker is for follows from the number of its values.
llvm::CallInst* make_marker(llvm::BasicBlock::iterator before, llvm::ArrayRef<llvm::Value*> values,
                            const llvm::DebugLoc& location);

// The marker that `instruction` is, if it has `count` values; else null.
[[nodiscard]] const llvm::CallInst* as_marker(const llvm::Instruction& instruction, unsigned count);

}  // namespace slack::jit

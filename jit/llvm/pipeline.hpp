// The pass pipeline: optimisation of an LLVM module, and its translation to an object file or to assembly.
#pragma once

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

#include "daemon/base/fault.hpp"
#include "daemon/wire/run_options.hpp"

namespace slack::jit {

void optimise(llvm::Module& module, llvm::TargetMachine& target, Metering metering);

[[nodiscard]] Expected<llvm::SmallVector<char, 0>> generate(llvm::Module& module, llvm::TargetMachine& target,
                                                            llvm::CodeGenFileType type);

}  // namespace slack::jit

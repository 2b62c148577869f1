// The pass pipeline: optimisation of an LLVM module, and its translation to an object file or to assembly.
#pragma once

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

#include "daemon/base/fault.hpp"
#include "daemon/wire/run_options.hpp"
#include "jit/llvm/options.hpp"

namespace slack::jit {

// What LLVM's passes read as global options only. Before every compilation, as lld sets all of LLVM's options back to
// their defaults; while no thread optimises or generates.
void set_options();

void optimise(llvm::Module& module, llvm::TargetMachine& target, const CompileOptions& options);

// In the place of optimise, for functions of quick effort: what must be done all the same.
void leave_as_it_is(llvm::Module& module, Metering metering);

// With the effort that `target` is set to.
[[nodiscard]] Expected<llvm::SmallVector<char, 0>> generate(llvm::Module& module, llvm::TargetMachine& target,
                                                            llvm::CodeGenFileType type);

}  // namespace slack::jit

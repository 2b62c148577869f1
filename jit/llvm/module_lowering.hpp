// A partition of a validated Wasm module into an LLVM module.
#pragma once

#include <memory>

#include <llvm/IR/Module.h>

#include "jit/llvm/source.hpp"

namespace slack::jit {

// Refuses what this compiler does not support.
[[nodiscard]] wasm::Checked<std::unique_ptr<llvm::Module>> lower_partition(llvm::LLVMContext& context,
                                                                           const Source& source, std::size_t partition,
                                                                           const llvm::Triple& triple,
                                                                           const llvm::DataLayout& layout);

}  // namespace slack::jit

// A validated Wasm module into an LLVM module.
#pragma once

#include <memory>

#include <llvm/IR/Module.h>

#include "jit/llvm/options.hpp"
#include "jit/wasm/module.hpp"

namespace slack::jit {

// `target` gives triple and data layout. Refuses what this compiler does not support.
[[nodiscard]] wasm::Checked<std::unique_ptr<llvm::Module>> lower_module(llvm::LLVMContext& context,
                                                                        const wasm::Module& wasm,
                                                                        const CompileOptions& options,
                                                                        const llvm::Triple& triple,
                                                                        const llvm::DataLayout& layout);

}  // namespace slack::jit

// A validated Wasm module into an LLVM module.
#include "jit/llvm/module_lowering.hpp"

#include "jit/llvm/environment.hpp"
#include "jit/llvm/function_lowering.hpp"
#include "jit/llvm/image_constants.hpp"
#include "jit/llvm/slot_fit.hpp"

namespace slack::jit {

wasm::Checked<std::unique_ptr<llvm::Module>> lower_module(llvm::LLVMContext& context, const wasm::Module& wasm,
                                                          const CompileOptions& options, const llvm::Triple& triple,
                                                          const llvm::DataLayout& layout) {
  auto module = std::make_unique<llvm::Module>("module.wasm", context);
  module->setTargetTriple(triple.str());
  module->setDataLayout(layout);
  Environment environment(*module, wasm, options);
  if (auto fits = check_context(environment.layout(), options.slot); !fits) return tl::unexpected(fits.error());
  if (auto distinct = check_digests(wasm); !distinct) return tl::unexpected(distinct.error());
  for (std::uint32_t i = wasm.imported_functions; i < wasm.functions.size(); ++i) {
    if (auto lowered = FunctionLowering(environment, i).run(); !lowered) return tl::unexpected(lowered.error());
  }
  add_image_constants(environment);
  environment.finish();
  return module;
}

}  // namespace slack::jit

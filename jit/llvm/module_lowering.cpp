// A validated Wasm module into an LLVM module.
#include "jit/llvm/module_lowering.hpp"

#include "jit/llvm/environment.hpp"
#include "jit/llvm/function_lowering.hpp"
#include "jit/llvm/image_constants.hpp"

namespace slack::jit {

namespace {

using wasm::Refusal;

tl::unexpected<Refusal> unsupported(std::string reason, WasmOffset offset = WasmOffset(0)) {
  return tl::unexpected(Refusal{Refusal::Kind::unsupported, std::move(reason), offset});
}

wasm::Checked<void> check_supported(const wasm::Module& wasm) {
  for (std::uint32_t i = 0; i < wasm.functions.size(); ++i) {
    const auto& type = wasm.type_of(i);
    if (i < wasm.imported_functions && type.results.size() > 1) {
      return unsupported("imported function with more than one result");
    }
  }
  return {};
}

}  // namespace

wasm::Checked<std::unique_ptr<llvm::Module>> lower_module(llvm::LLVMContext& context, const wasm::Module& wasm,
                                                          const CompileOptions& options, const llvm::Triple& triple,
                                                          const llvm::DataLayout& layout) {
  if (auto supported = check_supported(wasm); !supported) return tl::unexpected(supported.error());
  auto module = std::make_unique<llvm::Module>("module.wasm", context);
  module->setTargetTriple(triple.str());
  module->setDataLayout(layout);
  Environment environment(*module, wasm, options);
  for (std::uint32_t i = wasm.imported_functions; i < wasm.functions.size(); ++i) {
    if (auto lowered = FunctionLowering(environment, i).run(); !lowered) return tl::unexpected(lowered.error());
  }
  add_image_constants(environment);
  environment.finish();
  return module;
}

}  // namespace slack::jit

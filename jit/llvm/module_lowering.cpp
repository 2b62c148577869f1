// A partition of a validated Wasm module into an LLVM module.
#include "jit/llvm/module_lowering.hpp"

#include "jit/llvm/environment.hpp"
#include "jit/llvm/function_lowering.hpp"
#include "jit/llvm/image_constants.hpp"
#include "jit/llvm/slot_fit.hpp"

namespace slack::jit {

wasm::Checked<std::unique_ptr<llvm::Module>> lower_partition(llvm::LLVMContext& context, const Source& source,
                                                             std::size_t partition, const llvm::Triple& triple,
                                                             const llvm::DataLayout& layout) {
  const auto& wasm = source.wasm;
  auto module = std::make_unique<llvm::Module>("module.wasm", context);
  module->setTargetTriple(triple.str());
  module->setDataLayout(layout);
  Environment environment(*module, source, partition);
  if (partition == 0) {
    if (auto fits = check_context(environment.layout(), source.options.slot); !fits) {
      return tl::unexpected(fits.error());
    }
    if (auto distinct = check_digests(wasm); !distinct) return tl::unexpected(distinct.error());
  }
  const auto lower = [&](std::uint32_t index) { return FunctionLowering(environment, index).run(); };
  const auto& part = environment.partition();
  for (std::uint32_t i = part.first; i < part.end; ++i) {
    if (auto lowered = lower(i); !lowered) return tl::unexpected(lowered.error());
  }
  for (const auto copy : part.copies) {
    if (auto lowered = lower(copy); !lowered) return tl::unexpected(lowered.error());
  }
  if (partition == 0) {
    // What other partitions may refer to.
    for (std::uint32_t i = 0; !source.partitioning.is_single() && i < wasm.functions.size(); ++i) {
      if (wasm.functions[i].referenced) (void)environment.descriptor(i);
    }
    add_image_constants(environment);
  }
  environment.finish();
  return module;
}

}  // namespace slack::jit

// Variation of code placement.
#include "jit/llvm/code_layout.hpp"

#include <random>
#include <string>

#include <llvm/IR/Constants.h>

namespace slack::jit {

namespace {

constexpr std::uint64_t kStep = 16;   // functions stay aligned as they always are
constexpr std::uint64_t kPlaces = 4;  // of a cache line of 64 bytes
constexpr char kBreakpoint = '\xcc';  // INT3: a jump into the padding ends there

}  // namespace

void vary_layout(llvm::Module& module, std::uint64_t seed) {
  if (seed == 0) return;
  std::mt19937_64 random(seed);  // the same numbers on every machine, by the standard
  for (auto& function : module) {
    if (function.isDeclaration()) continue;
    const std::string padding(random() % kPlaces * kStep, kBreakpoint);
    if (padding.empty()) continue;
    function.setPrefixData(llvm::ConstantDataArray::getString(module.getContext(), padding, false));
  }
}

}  // namespace slack::jit

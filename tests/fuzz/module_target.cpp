// libFuzzer target: decoder and validator take any bytes without a fault of their own, and a refusal says why and
// where.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "jit/wasm/decode.hpp"

namespace {

// What every refusal owes to the author of a module.
void check(const slack::wasm::Refusal& refusal, std::size_t size) {
  if (refusal.reason.empty() || refusal.offset.count() > size) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto module = slack::wasm::decode({data, size});
  if (!module) {
    check(module.error(), size);
    return 0;
  }
  if (const auto valid = slack::wasm::validate(*module); !valid) check(valid.error(), size);
  return 0;
}

// Whether a module fits the addresses of its slot, and its types can be told apart.
#include "jit/llvm/slot_fit.hpp"

#include <fmt/format.h>

#include <unordered_map>

#include "daemon/base/address_map.hpp"
#include "jit/image/format.hpp"

namespace slack::jit {

namespace {

tl::unexpected<wasm::Refusal> too_large(std::string_view what, std::uint64_t bytes, std::uint64_t most,
                                        std::uint32_t slot) {
  return tl::unexpected(wasm::Refusal{
      wasm::Refusal::Kind::over_limit,
      fmt::format("{} take {} bytes, over the limit of {} for {}", what, bytes, most,
                  slot == 0 ? "the module that is run" : "a linked module; the module that is run may have more"),
      WasmOffset(0)});
}

}  // namespace

wasm::Checked<void> check_context(const ContextLayout& layout, std::uint32_t slot) {
  const auto most = address_map::context_of(slot).bytes();
  if (layout.size() <= most) return {};
  return too_large("its globals, tables and imported functions", layout.size(), most, slot);
}

wasm::Checked<void> check_digests(const wasm::Module& wasm) {
  std::unordered_map<std::uint64_t, std::uint32_t> seen;
  for (std::uint32_t i = 0; i < wasm.types.size(); ++i) {
    if (wasm.canonical_types[i] != i) continue;
    const auto [place, is_new] = seen.emplace(image::digest_of(wasm.types[i].parameters, wasm.types[i].results), i);
    if (is_new) continue;
    return tl::unexpected(wasm::Refusal{
        wasm::Refusal::Kind::unsupported,
        fmt::format("function types {} and {} differ, but have the same digest", place->second, i), WasmOffset(0)});
  }
  return {};
}

wasm::Checked<void> check_image(std::uint64_t end, std::uint32_t slot) {
  const auto range = address_map::image_of(slot);
  if (end <= range.end) return {};
  return too_large("its code and data", end - range.begin, range.bytes(), slot);
}

}  // namespace slack::jit

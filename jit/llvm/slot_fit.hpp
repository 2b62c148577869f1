// Whether a module fits the addresses of its slot, and its types can be told apart.
#pragma once

#include <cstdint>

#include "daemon/base/context.hpp"
#include "jit/wasm/module.hpp"

namespace slack::jit {

// Refuses a module whose context is larger than its slot has room for, and one with two types of the same digest.
[[nodiscard]] wasm::Checked<void> check_context(const ContextLayout& layout, std::uint32_t slot);
[[nodiscard]] wasm::Checked<void> check_digests(const wasm::Module& wasm);

// Refuses an image that ends at `end`, beyond its slot.
[[nodiscard]] wasm::Checked<void> check_image(std::uint64_t end, std::uint32_t slot);

}  // namespace slack::jit

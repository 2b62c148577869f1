// Decodes and validates a module from its binary form.
#pragma once

#include <cstdint>
#include <span>

#include "jit/wasm/module.hpp"

namespace slack::wasm {

// Sections, types, segments, names; no function body is looked into beyond its locals. The result points into `bytes`.
// Refused as invalid here already: initialisers that are not one constant, which a Module has no room for.
[[nodiscard]] Checked<Module> decode(std::span<const std::uint8_t> bytes);

// Everything the specification's validation asks, function bodies included. Sets Function::referenced.
[[nodiscard]] Checked<void> validate(Module& module);

}  // namespace slack::wasm

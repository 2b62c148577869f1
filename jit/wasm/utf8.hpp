// Strict UTF-8: what the binary format asks of names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace slack::wasm {

// Length of the longest prefix that is well-formed UTF-8 (Unicode 15, table 3-7: no overlong forms, no surrogates,
// nothing above U+10FFFF). Equal to text.size() where all of it is.
[[nodiscard]] std::size_t valid_utf8_prefix(std::span<const std::uint8_t> text);

}  // namespace slack::wasm

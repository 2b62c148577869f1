// Arguments and results of a function that is invoked by name: text to typed values and back.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "daemon/base/worker_services.hpp"
#include "jit/image/format.hpp"

namespace slack::worker {

// Integers: decimal or 0x hexadecimal, signed or unsigned, of the type's width. Floats: decimal, 0x hexadecimal,
// inf, nan (the canonical one). Vectors: 0x hexadecimal, lane 0 in the lowest digits. References: null. The error says
// what is wrong, without naming the parameter.
[[nodiscard]] tl::expected<services::Value, std::string> parse_value(image::ValueType type, std::string_view text);

// All of a function's arguments; the error names the parameter and its type.
[[nodiscard]] tl::expected<void, std::string> parse_arguments(std::string_view function,
                                                              std::span<const image::ValueType> parameters,
                                                              std::span<const std::string> texts,
                                                              std::span<services::Value> values);

// Integers signed decimal, floats the shortest text that reads back the same. Writes at most kMaxValueText bytes to
// `out` and returns what was written.
inline constexpr std::size_t kMaxValueText = 64;
[[nodiscard]] std::string_view format_value(image::ValueType type, const services::Value& value, std::span<char> out);

}  // namespace slack::worker

// What the compiler and the worker both know of WebAssembly: how value types are called, and how large a table gets.
#pragma once

#include <cstdint>
#include <string_view>

namespace slack {

// The text format's name of a value type, by the binary format's number; empty for a number that is none.
[[nodiscard]] constexpr std::string_view value_type_name(std::uint32_t number) {
  switch (number) {
    case 0x7f:
      return "i32";
    case 0x7e:
      return "i64";
    case 0x7d:
      return "f32";
    case 0x7c:
      return "f64";
    case 0x7b:
      return "v128";
    case 0x70:
      return "funcref";
    case 0x6f:
      return "externref";
    default:
      return {};
  }
}

// Elements of one table, at its start or grown: the limit of the JavaScript interface ("Implementation-defined
// Limits"). A worker reserves address space for as many, 80 MB a table, since it can map nothing later.
inline constexpr std::uint32_t kMaxTableElements = 10'000'000;

}  // namespace slack

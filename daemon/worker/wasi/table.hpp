// The table of preview 1 functions (wire/wasi.def), by name.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace slack::worker::wasi {

inline constexpr std::string_view kModule = "wasi_snapshot_preview1";

struct Function {
  std::string_view name;
  std::string_view signature;  // "parameters:results", i = i32, l = i64
  bool implemented;
};

[[nodiscard]] std::span<const Function> functions();
// Index into functions().
[[nodiscard]] std::optional<std::size_t> function_named(std::string_view name);

}  // namespace slack::worker::wasi

// The table of WASI functions (wire/wasi.def), by module and name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace slack::worker::wasi {

// Preview 0, and preview 1.
enum class Preview : std::uint8_t { zero, one };
inline constexpr std::string_view kModule = "wasi_snapshot_preview1";
inline constexpr std::string_view kOldModule = "wasi_unstable";

struct Function {
  std::string_view name;
  std::string_view signature;  // "parameters:results", i = i32, l = i64
};

[[nodiscard]] std::span<const Function> functions();

struct Found {
  Preview preview;
  std::size_t index;  // into functions()
};
[[nodiscard]] std::optional<Found> find_function(std::string_view module, std::string_view name);

}  // namespace slack::worker::wasi

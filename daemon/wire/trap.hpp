// The traps of WebAssembly, by number (generated code passes it) and by the specification's words.
#pragma once

#include <cstdint>
#include <string_view>

namespace slack {

enum class Trap : std::uint32_t {
#define X(name, message) name,
#include "daemon/wire/trap.def"
#undef X
  count
};

// "unknown trap" for a number out of range: a taken-over worker may send one.
[[nodiscard]] std::string_view message_of(Trap trap);

}  // namespace slack

// Looks preview 1 functions up in wasi.def.
#include "daemon/worker/wasi/table.hpp"

#include <array>

namespace slack::worker::wasi {
namespace {

constexpr bool implemented = true;
constexpr bool absent = false;
constexpr std::array kFunctions{
#define X(name, signature, state) Function{#name, signature, state},
#include "daemon/wire/wasi.def"
#undef X
};

}  // namespace

std::span<const Function> functions() { return kFunctions; }

std::optional<std::size_t> function_named(std::string_view name) {
  for (std::size_t i = 0; i < kFunctions.size(); ++i)
    if (kFunctions[i].name == name) return i;
  return std::nullopt;
}

}  // namespace slack::worker::wasi

// Looks functions up in wasi.def.
#include "daemon/worker/wasi/table.hpp"

#include <array>

namespace slack::worker::wasi {
namespace {

constexpr std::array kFunctions{
#define X(name, signature) Function{#name, signature},
#include "daemon/wire/wasi.def"
#undef X
};

}  // namespace

std::span<const Function> functions() { return kFunctions; }

std::optional<Found> find_function(std::string_view module, std::string_view name) {
  if (module != kModule && module != kOldModule) return std::nullopt;
  const Preview preview = module == kOldModule ? Preview::zero : Preview::one;
  if (preview == Preview::zero && name == "sock_accept") return std::nullopt;  // came with preview 1
  for (std::size_t i = 0; i < kFunctions.size(); ++i)
    if (kFunctions[i].name == name) return Found{preview, i};
  return std::nullopt;
}

}  // namespace slack::worker::wasi

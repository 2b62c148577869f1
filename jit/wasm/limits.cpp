// How a refusal speaks of a limit.
#include "jit/wasm/limits.hpp"

#include <fmt/format.h>

namespace slack::wasm {

Refusal over_limit(std::uint64_t figure, const Limit& limit, WasmOffset where) {
  return {Refusal::Kind::over_limit,
          fmt::format("{} {}, over the limit of {} (limit {})", figure, limit.what, limit.most, limit.name), where};
}

}  // namespace slack::wasm

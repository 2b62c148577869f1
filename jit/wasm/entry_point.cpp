// Whether the module exports the function that is to be called.
#include "jit/wasm/entry_point.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace slack::wasm {

Checked<void> check_entry_point(const Module& module, std::string_view name) {
  const auto is_it = [&](const Export& entry) { return entry.kind == ExternKind::function && entry.name == name; };
  const auto found = std::find_if(module.exports.begin(), module.exports.end(), is_it);
  constexpr std::string_view kCommand = "_start";
  if (found == module.exports.end()) {
    return tl::unexpected(Refusal{Refusal::Kind::unsupported,
                                  name == kCommand ? "module exports no function _start; name one with --invoke"
                                                   : fmt::format("module exports no function {}", name),
                                  WasmOffset(module.bytes.size())});
  }
  if (name == kCommand && !module.type_of(found->index).parameters.empty()) {
    return tl::unexpected(
        Refusal{Refusal::Kind::unsupported, "_start takes parameters; a command's takes none", found->offset});
  }
  return {};
}

}  // namespace slack::wasm

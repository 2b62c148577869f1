// Gives functions the names that a person would know them by.
#pragma once

#include <cstdint>
#include <span>

#include "jit/wasm/module.hpp"

namespace slack::wasm {

// From the content of the custom section "name". A section that is broken anywhere is ignored as a whole, as the
// specification's appendix asks of custom sections; names of functions that do not exist are skipped.
void apply_name_section(std::span<const std::uint8_t> content, Module& module);

// Functions that still have no name take that of their first export.
void apply_export_names(Module& module);

}  // namespace slack::wasm

// The entry point of a run: whether the module exports the function that is to be called.
#pragma once

#include <string_view>

#include "jit/wasm/module.hpp"

namespace slack::wasm {

// Refuses a valid module without a function export `name`, in the words of the worker, which would find it out later.
[[nodiscard]] Checked<void> check_entry_point(const Module& module, std::string_view name);

}  // namespace slack::wasm

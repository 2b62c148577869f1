// Function symbols: what the functions of a module are called in the image.
#pragma once

#include <string>
#include <vector>

#include "jit/wasm/module.hpp"

namespace slack::jit {

// By function index: `wasm.NAME`, or `wasm.func[INDEX]` for a function without name; different for all functions, so
// that object files can refer to each other's by them.
[[nodiscard]] std::vector<std::string> function_symbols(const wasm::Module& wasm);

}  // namespace slack::jit

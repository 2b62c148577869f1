// Thunks: what an exported function looks like from outside (services::Thunk).
#pragma once

#include "jit/llvm/environment.hpp"

namespace slack::jit {

// uint64_t (uint64_t fuel, Value* values), in the C convention, around function `index`.
[[nodiscard]] llvm::Function* make_thunk(Environment& environment, std::uint32_t index);

}  // namespace slack::jit

// Where functions stand in an image, varied by a seed: for benchmarks, which average over the luck of code placement.
#pragma once

#include <cstdint>

#include <llvm/IR/Module.h>

namespace slack::jit {

// Puts 0, 16, 32 or 48 bytes that are never reached before each function; how many follows from `seed` and the order
// of the functions. Seed 0 changes nothing. What the code computes is the same, and so is its fuel.
void vary_layout(llvm::Module& module, std::uint64_t seed);

}  // namespace slack::jit

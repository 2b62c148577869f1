// Partitioning: which functions are lowered, optimised and generated together.
//
// A module is cut into partitions, each an LLVM module of its own in a context of its own, so that several can be at
// work at once. Where it is cut depends on the module alone: the image is the same whatever the number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "jit/llvm/effort.hpp"
#include "jit/wasm/module.hpp"

namespace slack::jit {

struct Partition {
  std::uint32_t first = 0;  // defined functions first … end - 1
  std::uint32_t end = 0;
  std::size_t bytes = 0;              // of their bodies
  Effort effort = Effort::full;       // for all of them
  std::vector<std::uint32_t> copies;  // small functions of other partitions that are called here: to be inlined

  [[nodiscard]] bool contains(std::uint32_t function) const { return function >= first && function < end; }
};

struct Partitioning {
  std::vector<Partition> partitions;  // at least one; the first also has all that is no function of the module's
  std::vector<bool> shared;           // by function: code or constants of another partition refer to it

  [[nodiscard]] bool is_single() const { return partitions.size() == 1; }
  // Largest first, as threads take them best.
  [[nodiscard]] std::vector<std::size_t> by_size() const;
};

// `wasm` is validated. `partition_bytes`: bytes of bodies in a partition, about.
[[nodiscard]] Partitioning partition(const wasm::Module& wasm, std::size_t partition_bytes, bool always_quick = false);

}  // namespace slack::jit

// Effort: how much the optimiser and the code generator may spend on a function.
//
// Much of LLVM takes time that grows with the square of something: of the instructions of a block, of the blocks of a
// function, of the values that live at once. What compilers emit stays far below where that is felt, what is made to
// hold a core does not. So what is beyond measure is compiled with an effort that grows with its length only.
#pragma once

#include <cstdint>
#include <vector>

#include "jit/wasm/module.hpp"

namespace slack::jit {

enum class Effort : std::uint8_t {
  full,   // the pipeline of pipeline.hpp
  quick,  // no optimisation; LLVM's code generation at -O0, with values of Wasm's locals in the frame
};

// What a function asks of the compiler, estimated from its operators. Unit: an instruction of LLVM's, about.
struct Bulk {
  std::uint64_t whole = 0;
  std::uint64_t stretch = 0;  // the longest without a branch, of which the code generator makes one block
  std::uint64_t values = 0;   // locals, each time that ways of control meet
  std::uint64_t live = 0;     // the most operands that wait on the stack at once, about
  std::uint32_t loops = 0;
};
// `function` is a validated one of `module`.
[[nodiscard]] Bulk bulk_of(const wasm::Module& module, const wasm::Function& function);

// What the function itself calls for.
[[nodiscard]] Effort effort_for(const Bulk& bulk);

// The `whole` of all functions together that get full effort. It takes some 40 us a unit (sqlite3: 890,000 units, 34
// s), so this is 80 seconds of a processor for what compilers emit.
inline constexpr std::uint64_t kFullEffortBulk = 2'000'000;

}  // namespace slack::jit

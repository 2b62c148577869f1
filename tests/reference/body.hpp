// A function body as the reference interpreter steps through it: its operators in a row, and where blocks end.
#pragma once

#include <cstdint>
#include <vector>

#include "jit/wasm/operator.hpp"

namespace slack::reference {

struct Step {
  wasm::Instruction instruction;
  // Positions in the row. Of block, loop, if and else:
  std::uint32_t end = 0;        // the matching `end`
  std::uint32_t otherwise = 0;  // of an `if`: behind its `else`, or its `end`
};
using Body = std::vector<Step>;

// The function must have been validated.
[[nodiscard]] Body read_body(const wasm::Function& function);

}  // namespace slack::reference

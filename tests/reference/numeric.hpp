// Scalar arithmetic of the reference interpreter, an operator a line.
#pragma once

#include "jit/wasm/operator.hpp"
#include "tests/reference/operands.hpp"

namespace slack::reference {

// Does what `op` does to the operands. False: it is none of these operators. Throws Trapped. Every NaN of arithmetic is
// the positive canonical one, which the specification always allows.
[[nodiscard]] bool numeric(wasm::Operator op, Operands& operands);

// The same for operators on vectors that do not access memory.
[[nodiscard]] bool vector_numeric(const wasm::Instruction& instruction, Operands& operands);

}  // namespace slack::reference

// Reads the text of LLVM IR, as slack-compile prints what it hands to the code generator, into a Program.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "daemon/base/fault.hpp"
#include "tests/bounds/program.hpp"

namespace slack::bounds {

// `text` holds one LLVM module after the other: the partitions of one Wasm module, which call each other.
[[nodiscard]] Expected<Program> read_program(std::string_view text);

// Loops whose body the vectoriser made.
[[nodiscard]] Expected<std::size_t> count_vectorised_loops(std::string_view text);

}  // namespace slack::bounds

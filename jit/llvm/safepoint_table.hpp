// The safepoint table of a linked executable.
#pragma once

#include <llvm/ADT/ArrayRef.h>

#include <vector>

#include "daemon/base/fault.hpp"
#include "jit/image/format.hpp"

namespace llvm {
class TargetMachine;
}

namespace slack::jit {

// A section as it stands in the executable.
struct Placed {
  std::uint64_t address = 0;
  llvm::ArrayRef<std::uint8_t> bytes;
};

// Reads the records (safepoint_lowering.hpp), disassembles the text, and joins the two.
[[nodiscard]] Expected<std::vector<image::SafepointEntry>> make_safepoint_table(const Placed& text,
                                                                                const Placed& records,
                                                                                const llvm::TargetMachine& target);

}  // namespace slack::jit

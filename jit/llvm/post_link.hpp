// What becomes of a linked executable before it is an image: the safepoint table and the line table are made from what
// the code generator left, and debug information goes.
#pragma once

#include <llvm/ADT/SmallVector.h>

#include <string>
#include <vector>

#include "daemon/base/fault.hpp"
#include "jit/image/format.hpp"
#include "jit/wasm/module.hpp"

namespace llvm {
class TargetMachine;
}

namespace slack::jit {

struct LinkedImage {
  llvm::SmallVector<char, 0> elf;
  std::vector<image::SafepointEntry> safepoints;  // sorted by pc
  std::vector<image::LineEntry> lines;            // sorted by pc
  std::uint64_t end = 0;                          // address behind its last byte
};

// Checks every store to the safepoint page in the text against the records and the other way round: one without the
// other is a fault of ours.
[[nodiscard]] Expected<LinkedImage> post_link(llvm::ArrayRef<char> linked, const wasm::Module& wasm,
                                              const llvm::TargetMachine& target);

}  // namespace slack::jit

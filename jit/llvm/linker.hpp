// The linker: one object file to a position-dependent executable at address_map::kImage, by lld as a library.
#pragma once

#include <llvm/ADT/SmallVector.h>
#include <llvm/ADT/StringRef.h>

#include <string>

#include "daemon/base/fault.hpp"

namespace slack::jit {

// lld reads and writes files only. `scratch` is a directory of ours alone (in the sandbox the private root), in which
// this makes three files and removes them again.
[[nodiscard]] Expected<llvm::SmallVector<char, 0>> link(llvm::ArrayRef<char> object, const std::string& scratch);

}  // namespace slack::jit

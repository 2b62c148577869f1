// The linker: object files to a position-dependent executable at the addresses of its slot, by lld as a library.
#pragma once

#include <llvm/ADT/SmallVector.h>
#include <llvm/ADT/StringRef.h>

#include <string>

#include "daemon/base/fault.hpp"

namespace slack::jit {

using ObjectFile = llvm::SmallVector<char, 0>;

// Code stands in the order of `objects`, of which there is at least one. lld reads and writes files only. `scratch` is
// a directory of ours alone (in the sandbox the private root), in which this makes three files and removes them again;
// if it is empty, they are files in memory, and nothing else may write to standard output meanwhile.
[[nodiscard]] Expected<llvm::SmallVector<char, 0>> link(llvm::ArrayRef<ObjectFile> objects, std::uint32_t slot,
                                                        const std::string& scratch);

}  // namespace slack::jit

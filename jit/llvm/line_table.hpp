// The line table of a linked executable: from program counters to operators of the Wasm module.
#pragma once

#include <vector>

#include <llvm/Object/ObjectFile.h>

#include "daemon/base/fault.hpp"
#include "jit/image/format.hpp"
#include "jit/wasm/module.hpp"

namespace slack::jit {

// From DWARF, where the lowering has put byte offsets in the .wasm file for line numbers.
[[nodiscard]] Expected<std::vector<image::LineEntry>> make_line_table(const llvm::object::ObjectFile& executable,
                                                                      const wasm::Module& wasm);

}  // namespace slack::jit

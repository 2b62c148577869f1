// The line table of a linked executable.
#include "jit/llvm/line_table.hpp"

#include <algorithm>
#include <map>

#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/DebugInfo/DWARF/DWARFDebugLine.h>

namespace slack::jit {

namespace {

// Bodies stand in the file in the order of their functions.
std::uint32_t function_at(const wasm::Module& wasm, std::uint32_t offset) {
  const auto first = wasm.functions.begin() + wasm.imported_functions;
  const auto after = std::upper_bound(first, wasm.functions.end(), offset, [](std::uint32_t at, const auto& function) {
    return at < function.body_offset.count();
  });
  if (after == first) return image::kNoFunction;
  const auto& found = *(after - 1);
  if (offset >= found.body_offset.count() + found.body.size()) return image::kNoFunction;
  return static_cast<std::uint32_t>(after - 1 - wasm.functions.begin());
}

}  // namespace

Expected<std::vector<image::LineEntry>> make_line_table(const llvm::object::ObjectFile& executable,
                                                        const wasm::Module& wasm) {
  // By address; of several rows for one address the last one holds.
  std::map<std::uint64_t, image::LineEntry> lines;
  const auto dwarf = llvm::DWARFContext::create(executable);
  for (const auto& unit : dwarf->compile_units()) {
    const auto* table = dwarf->getLineTableForUnit(unit.get());
    if (!table) continue;
    for (const auto& row : table->Rows) {
      const auto pc = row.Address.Address;
      if (row.EndSequence) {
        lines[pc] = {pc, image::kNoFunction, 0};
      } else if (row.Line != 0) {  // 0: code of no operator in particular, counted to the one before it
        const auto function = function_at(wasm, row.Line);
        if (function == image::kNoFunction) {
          return fail(Fault{EIO, "line table: offset " + std::to_string(row.Line) + " is in no function"});
        }
        lines[pc] = {pc, function, row.Line};
      }
    }
  }
  std::vector<image::LineEntry> table;
  for (const auto& [pc, line] : lines) {
    const bool repeats = !table.empty() && table.back().function == line.function && table.back().offset == line.offset;
    if (!repeats) table.push_back(line);
  }
  return table;
}

}  // namespace slack::jit

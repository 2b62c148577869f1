// The line table of a linked executable.
#include "jit/llvm/line_table.hpp"

#include <algorithm>

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
  std::vector<image::LineEntry> lines;
  const auto dwarf = llvm::DWARFContext::create(executable);
  for (const auto& unit : dwarf->compile_units()) {
    const auto* table = dwarf->getLineTableForUnit(unit.get());
    if (!table) continue;
    for (const auto& row : table->Rows) {
      const auto pc = row.Address.Address;
      if (row.EndSequence) {
        lines.push_back({pc, image::kNoFunction, 0});
      } else if (row.Line != 0) {  // 0: code of no operator in particular, counted to the one before it
        const auto function = function_at(wasm, row.Line);
        if (function == image::kNoFunction) {
          return fail(Fault{EIO, "line table: offset " + std::to_string(row.Line) + " is in no function"});
        }
        lines.push_back({pc, function, row.Line});
      }
    }
  }
  // Of several rows for one address the last one holds.
  std::stable_sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.pc < b.pc; });
  std::vector<image::LineEntry> table;
  for (const auto& line : lines) {
    if (!table.empty() && table.back().pc == line.pc) table.pop_back();
    const bool repeats = !table.empty() && table.back().function == line.function && table.back().offset == line.offset;
    if (!repeats) table.push_back(line);
  }
  return table;
}

}  // namespace slack::jit

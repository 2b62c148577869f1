// What instantiation costs, as wasmtime 50.0.1 was measured to charge it.
#include <algorithm>
#include <limits>

#include "tests/reference/store.hpp"

namespace slack::reference {

namespace {

using Kind = wasm::ConstantExpression::Kind;

// What it lays out in the compiled module costs nothing; found where its figures change.
constexpr std::uint64_t kMostElementsLaidOut = 1 << 20;
constexpr std::uint64_t kMostSpreadOfData = 16 << 20;

bool is_in_own_memory(const wasm::Module& module, const wasm::DataSegment& segment) {
  return segment.memory >= module.imported_memories && segment.offset.kind == Kind::constant;
}

// Data is laid out for all segments or for none.
bool data_is_laid_out(const wasm::Module& module) {
  std::uint64_t first = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t end = 0;
  std::uint64_t bytes = 0;
  for (const auto& segment : module.data) {
    if (segment.mode != wasm::SegmentMode::active) continue;
    if (!is_in_own_memory(module, segment)) return false;
    if (segment.bytes.empty()) continue;
    const std::uint64_t at = static_cast<std::uint32_t>(segment.offset.low);
    first = std::min(first, at);
    end = std::max(end, at + segment.bytes.size());
    bytes += segment.bytes.size();
  }
  return bytes == 0 || end - first < kMostSpreadOfData || end - first < 2 * bytes;
}

bool has_data(const wasm::Module& module) {
  return std::ranges::any_of(module.data, [](const wasm::DataSegment& segment) {
    return segment.mode == wasm::SegmentMode::active && !segment.bytes.empty();
  });
}

// Elements are laid out up to the first segment that cannot be.
bool can_be_laid_out(const wasm::Module& module, const wasm::ElementSegment& segment) {
  return segment.table >= module.imported_tables && segment.offset.kind == Kind::constant && !segment.by_expression &&
         static_cast<std::uint32_t>(segment.offset.low) + std::uint64_t{segment.items.size()} <= kMostElementsLaidOut;
}

}  // namespace

std::uint64_t instantiation_fuel(const wasm::Module& module) {
  std::uint64_t work = 0;
  bool starts_up = false;  // a function of wasmtime's own does what is not laid out
  for (auto i = module.imported_globals; i < module.globals.size(); ++i) {
    if (module.globals[i].init->kind == Kind::constant) continue;
    ++work;
    starts_up = true;
  }
  bool laid_out = true;
  for (const auto& segment : module.elements) {
    const std::uint64_t items = segment.items.size();
    const std::uint64_t expressions = segment.by_expression ? items : 0;
    if (segment.mode == wasm::SegmentMode::declared) continue;
    if (segment.mode == wasm::SegmentMode::passive) {
      work += expressions;
      starts_up = true;
      continue;
    }
    laid_out = laid_out && can_be_laid_out(module, segment);
    if (laid_out) continue;
    work += 1 + items + expressions;
    starts_up = true;
  }
  if (data_is_laid_out(module)) {
    // Where data is laid out wasmtime charges nothing of the rest but the function's entry.
    if (has_data(module)) work = 0;
  } else {
    for (const auto& segment : module.data)
      if (segment.mode == wasm::SegmentMode::active) work += 1 + segment.bytes.size();
    starts_up = true;
  }
  // Its entry is in what the call of a start function costs, where there is one.
  return work + (starts_up && !module.start ? 1 : 0);
}

}  // namespace slack::reference

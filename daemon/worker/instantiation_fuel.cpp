// Charges what instantiation does.
#include "daemon/worker/instantiation_fuel.hpp"

#include <algorithm>

namespace slack::worker {
namespace {

using image::InitKind;
using image::SegmentMode;

// wasmtime's own limits to what it lays out beforehand (found where its figures change): elements that end beyond this
// one, and data that is spread over so many bytes, unless half of them are data.
constexpr std::uint64_t kMostElements = std::uint64_t{1} << 20;
constexpr std::uint64_t kMostSpread = std::uint64_t{16} << 20;

std::uint64_t of_globals(const ImageBytes& image, const image::ImageHeader& header) {
  const auto imports = image.array<image::Import>(header.imports, header.import_count);
  const auto imported = std::ranges::count(imports, image::ExternKind::global, &image::Import::kind);
  const auto globals = image.array<image::Global>(header.globals, header.global_count);
  return static_cast<std::uint64_t>(
      std::ranges::count_if(globals.subspan(static_cast<std::size_t>(imported)), [](const image::Global& global) {
        return global.init.kind == InitKind::imported_global || global.type == image::ValueType::funcref ||
               global.type == image::ValueType::externref;
      }));
}

struct Cost {
  std::uint64_t fuel = 0;
  bool needs_start_up = false;
  bool hides_the_rest = false;  // what globals and elements cost is not seen
};

Cost of_elements(const ImageBytes& image, const image::ImageHeader& header) {
  const auto tables = image.array<image::Table>(header.tables, header.table_count);
  Cost cost;
  bool beforehand = true;
  for (const auto& segment : image.array<image::ElementSegment>(header.elements, header.element_count)) {
    const std::uint64_t expressions = segment.by_expression != 0 ? segment.count : 0;
    if (segment.mode == SegmentMode::declared) continue;
    if (segment.mode == SegmentMode::passive) {
      cost.needs_start_up = true;
      cost.fuel += expressions;
      continue;
    }
    beforehand = beforehand && tables[segment.table].imported == 0 && segment.offset.kind == InitKind::constant &&
                 segment.by_expression == 0 &&
                 std::uint64_t{static_cast<std::uint32_t>(segment.offset.low)} + segment.count <= kMostElements;
    if (beforehand) continue;
    cost.needs_start_up = true;
    cost.fuel += 1 + std::uint64_t{segment.count} + expressions;
  }
  return cost;
}

Cost of_data(const ImageBytes& image, const image::ImageHeader& header) {
  std::uint64_t bytes = 0;
  std::uint64_t applied = 0;
  std::uint64_t lowest = ~std::uint64_t{0};
  std::uint64_t highest = 0;
  bool beforehand = true;
  for (const auto& segment : image.array<image::DataSegment>(header.data, header.data_count)) {
    if (segment.mode != SegmentMode::active) continue;
    applied += 1 + segment.size;
    beforehand = beforehand && header.memory.imported == 0 && segment.offset.kind == InitKind::constant;
    if (segment.size == 0) continue;
    const std::uint64_t begin = static_cast<std::uint32_t>(segment.offset.low);
    lowest = std::min(lowest, begin);
    highest = std::max(highest, begin + segment.size);
    bytes += segment.size;
  }
  if (bytes != 0 && highest - lowest >= kMostSpread && highest - lowest >= 2 * bytes) beforehand = false;
  if (!beforehand) return {applied, true, false};
  return {0, false, bytes != 0};
}

}  // namespace

Fuel instantiation_fuel(const ImageBytes& image, const image::ImageHeader& header) {
  const std::uint64_t globals = of_globals(image, header);
  const Cost elements = of_elements(image, header);
  const Cost data = of_data(image, header);
  const bool starts_up = globals != 0 || elements.needs_start_up || data.needs_start_up;
  const Fuel entry(starts_up && header.start_thunk == 0 ? 1 : 0);
  if (data.hides_the_rest) return entry;
  return entry + Fuel(globals) + Fuel(elements.fuel) + Fuel(data.fuel);
}

}  // namespace slack::worker

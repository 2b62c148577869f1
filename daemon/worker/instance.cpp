// Links and instantiates the process's image.
#include "daemon/worker/instance.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "daemon/worker/address_space.hpp"
#include "daemon/worker/bulk.hpp"
#include "daemon/worker/imports.hpp"
#include "daemon/worker/process.hpp"
#include "daemon/worker/services.hpp"

namespace slack::worker {
namespace {

constexpr std::uint64_t kWasmPage = address_map::kWasmPageBytes;

template <typename T>
std::span<const T> records(std::uint64_t address, std::uint32_t count) {
  return process.image.array<T>(address, count);
}

std::uint64_t reserve_bytes(const TableStorage& storage) {
  return (std::uint64_t{storage.capacity} * 8 + address_map::kPageBytes - 1) / address_map::kPageBytes *
         address_map::kPageBytes;
}

// One mapping for all tables, closed until elements are there.
Prepared<void> reserve_tables() {
  const auto tables = records<image::Table>(process.header->tables, process.header->table_count);
  process.tables.resize(tables.size());
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    if (tables[i].minimum > kMaxTableElements)
      return refuse("table " + std::to_string(i) + " begins with " + std::to_string(tables[i].minimum) +
                    " elements; the limit is " + std::to_string(kMaxTableElements));
    process.tables[i].capacity = std::min(tables[i].maximum, kMaxTableElements);
    bytes += reserve_bytes(process.tables[i]);
  }
  if (bytes == 0) return {};
  void* const mapped = ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) return over_limit("tables");
  auto address = reinterpret_cast<std::uint64_t>(mapped);
  for (std::size_t i = 0; i < tables.size(); ++i) {
    process.table(static_cast<std::uint32_t>(i)) = TableDescriptor{address, 0, tables[i].maximum};
    address += reserve_bytes(process.tables[i]);
  }
  return {};
}

Prepared<void> fill_import_slots(bool measure) {
  auto* const slots =
      reinterpret_cast<std::uint64_t*>(reinterpret_cast<std::byte*>(process.context) + process.layout.import_slot(0));
  for (const image::Import& import : records<image::Import>(process.header->imports, process.header->import_count)) {
    const std::string signature =
        import.kind == image::ExternKind::function
            ? signature_text(process.image.types(import.signature), import.signature.parameter_count)
            : std::string();
    const auto address = resolve_import(process.image.text(import.module), process.image.text(import.name), import.kind,
                                        signature, measure);
    if (!address) return refuse(address.error());
    slots[import.index] = *address;
  }
  return {};
}

services::Value value_of(const image::InitExpression& init) {
  return init.kind == image::InitKind::imported_global ? process.global(init.global)
                                                       : services::Value{init.low, init.high};
}

// An instantiation trap: it belongs to no operator.
bool trap_at_start(Trap trap) {
  process.report.end = wire::End::trapped;
  process.report.trap = static_cast<std::uint32_t>(trap);
  process.report.function = wire::kUnknown;
  process.report.offset = wire::kUnknown;
  process.report.fuel = process.context->fuel;
  return false;
}

bool initialise_elements() {
  const auto segments = records<image::ElementSegment>(process.header->elements, process.header->element_count);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const image::ElementSegment& segment = segments[i];
    if (segment.mode == image::SegmentMode::passive) continue;
    process.elements_dropped[i] = 1;
    if (segment.mode == image::SegmentMode::declared) continue;
    const TableDescriptor& table = process.table(segment.table);
    const auto offset = static_cast<std::uint32_t>(value_of(segment.offset).low);
    if (!in_bounds(offset, segment.count, table.size)) return trap_at_start(Trap::out_of_bounds_table_access);
    std::ranges::copy(records<std::uint64_t>(segment.references, segment.count),
                      reinterpret_cast<std::uint64_t*>(table.elements) + offset);
  }
  return true;
}

bool initialise_memory() {
  const auto segments = records<image::DataSegment>(process.header->data, process.header->data_count);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const image::DataSegment& segment = segments[i];
    if (segment.mode != image::SegmentMode::active) continue;
    process.data_dropped[i] = 1;
    const auto offset = static_cast<std::uint32_t>(value_of(segment.offset).low);
    if (!in_bounds(offset, segment.size, process.context->memory_bytes))
      return trap_at_start(Trap::out_of_bounds_memory_access);
    std::memcpy(reinterpret_cast<void*>(address_map::kMemory + offset), reinterpret_cast<const void*>(segment.bytes),
                segment.size);
  }
  return true;
}

}  // namespace

Prepared<void> link_instance(bool measure) {
  const image::ImageHeader& header = *process.header;
  process.layout = ContextLayout{header.table_count, header.imported_function_count, header.global_count};
  const auto context = map_context(Bytes(process.layout.size()));
  if (!context) return stop_for(context.error());
  process.context = *context;
  process.context->stack_limit = process.stack.begin + kHostStackBytes;
  publish_services(*process.context);
  process.data_dropped.resize(header.data_count);
  process.elements_dropped.resize(header.element_count);
  if (auto reserved = reserve_tables(); !reserved) return reserved;
  return fill_import_slots(measure);
}

Prepared<bool> instantiate(Bytes memory_limit) {
  const image::ImageHeader& header = *process.header;
  ContextHead& context = *process.context;
  if (header.memory.present != 0) {
    const std::uint64_t allowed = memory_limit.count() / kWasmPage * kWasmPage;
    const std::uint64_t minimum = header.memory.minimum_pages * kWasmPage;
    if (minimum > allowed || !open_memory(0, minimum)) return over_limit("memory");
    context.memory_bytes = minimum;
    context.memory_limit = std::min(header.memory.maximum_pages * kWasmPage, allowed);
  }
  const auto globals = records<image::Global>(header.globals, header.global_count);
  for (std::size_t i = 0; i < globals.size(); ++i)
    process.global(static_cast<std::uint32_t>(i)) = value_of(globals[i].init);
  const auto tables = records<image::Table>(header.tables, header.table_count);
  for (std::uint32_t i = 0; i < tables.size(); ++i) {
    if (!open_table(i, tables[i].minimum)) return over_limit("memory");
    process.table(i).size = tables[i].minimum;
  }
  return initialise_elements() && initialise_memory();
}

}  // namespace slack::worker

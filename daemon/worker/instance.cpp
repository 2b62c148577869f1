// Loads images and instantiates them as the specification says.
#include "daemon/worker/instance.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "daemon/worker/address_space.hpp"
#include "daemon/worker/bulk.hpp"
#include "daemon/worker/instantiation_fuel.hpp"
#include "daemon/worker/process.hpp"
#include "daemon/worker/services.hpp"

namespace slack::worker {
namespace {

constexpr std::uint64_t kWasmPage = address_map::kWasmPageBytes;

template <typename T>
std::span<const T> records(const Instance& instance, std::uint64_t address, std::uint32_t count) {
  return instance.image.array<T>(address, count);
}

std::span<const image::Table> tables_of(const Instance& instance) {
  return records<image::Table>(instance, instance.header->tables, instance.header->table_count);
}

std::uint64_t reserve_bytes(const Table& table) {
  return (std::uint64_t{table.capacity} * 8 + address_map::kPageBytes - 1) / address_map::kPageBytes *
         address_map::kPageBytes;
}

// One mapping for all tables that it defines, closed until elements are there.
Prepared<void> reserve_tables(Instance& instance) {
  const auto tables = tables_of(instance);
  const auto imported = static_cast<std::size_t>(
      std::ranges::count_if(tables, [](const image::Table& table) { return table.imported != 0; }));
  instance.tables.resize(tables.size());
  instance.own_tables.resize(tables.size() - imported);
  std::uint64_t bytes = 0;
  for (std::size_t i = imported; i < tables.size(); ++i) {
    if (tables[i].minimum > kMaxTableElements)
      return refuse("table " + std::to_string(i) + " begins with " + std::to_string(tables[i].minimum) +
                    " elements; the limit is " + std::to_string(kMaxTableElements));
    Table& table = instance.own_tables[i - imported];
    table.capacity = std::min(tables[i].maximum, kMaxTableElements);
    bytes += reserve_bytes(table);
  }
  void* const mapped =
      bytes == 0 ? nullptr : ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) return over_limit("tables");
  auto address = reinterpret_cast<std::uint64_t>(mapped);
  for (std::size_t i = imported; i < tables.size(); ++i) {
    Table& table = instance.own_tables[i - imported];
    table.descriptor = reinterpret_cast<TableDescriptor*>(reinterpret_cast<std::byte*>(instance.context) +
                                                          instance.layout.table(static_cast<std::uint32_t>(i)));
    *table.descriptor = TableDescriptor{address, 0, tables[i].maximum};
    instance.tables[i] = &table;
    address += reserve_bytes(table);
  }
  return {};
}

services::Value value_of(const Instance& instance, const image::InitExpression& init) {
  return init.kind == image::InitKind::imported_global ? instance.global(init.global)
                                                       : services::Value{init.low, init.high};
}

// An instantiation trap: it belongs to no operator.
bool trap_at_start(const Instance& instance, Trap trap) {
  process.report.end = wire::End::trapped;
  process.report.trap = static_cast<std::uint32_t>(trap);
  process.report.instance = instance.slot;
  process.report.function = wire::kUnknown;
  process.report.offset = wire::kUnknown;
  process.report.fuel = instance.context->fuel;
  return false;
}

bool initialise_elements(Instance& instance) {
  const auto segments =
      records<image::ElementSegment>(instance, instance.header->elements, instance.header->element_count);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const image::ElementSegment& segment = segments[i];
    if (segment.mode == image::SegmentMode::passive) continue;
    instance.elements_dropped[i] = 1;
    if (segment.mode == image::SegmentMode::declared) continue;
    const TableDescriptor& table = *instance.tables[segment.table]->descriptor;
    const auto offset = static_cast<std::uint32_t>(value_of(instance, segment.offset).low);
    if (!in_bounds(offset, segment.count, table.size)) return trap_at_start(instance, Trap::out_of_bounds_table_access);
    std::ranges::transform(records<std::uint64_t>(instance, segment.references, segment.count),
                           reinterpret_cast<std::uint64_t*>(table.elements) + offset,
                           [&](std::uint64_t reference) { return instance.reference(reference); });
  }
  return true;
}

bool initialise_memory(Instance& instance) {
  const auto segments = records<image::DataSegment>(instance, instance.header->data, instance.header->data_count);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const image::DataSegment& segment = segments[i];
    if (segment.mode != image::SegmentMode::active) continue;
    instance.data_dropped[i] = 1;
    const auto offset = static_cast<std::uint32_t>(value_of(instance, segment.offset).low);
    if (!in_bounds(offset, segment.size, instance.memory_owner().memory_bytes))
      return trap_at_start(instance, Trap::out_of_bounds_memory_access);
    std::memcpy(instance.memory_at(offset), reinterpret_cast<const void*>(segment.bytes), segment.size);
  }
  return true;
}

Prepared<void> open_own_memory(Instance& instance) {
  const image::Memory& memory = instance.header->memory;
  if (memory.present == 0 || memory.imported != 0) return {};
  const std::uint64_t minimum = memory.minimum_pages * kWasmPage;
  if (minimum > process.memory_left || !open_memory(instance, 0, minimum)) return over_limit("memory");
  process.memory_left -= minimum;
  instance.context->memory_bytes = minimum;
  instance.context->memory_limit = memory.maximum_pages * kWasmPage;
  return {};
}

Expected<void> within_slot(const image::ImageView& view, std::uint32_t slot) {
  const auto range = address_map::image_of(slot);
  for (const image::Segment& segment : view.segments())
    if (segment.address < range.begin || segment.address + segment.memory_bytes > range.end)
      return fail(Fault{ENOEXEC, "image: compiled for other addresses than those of slot " + std::to_string(slot)});
  return {};
}

Prepared<void> make_context(Instance& instance) {
  const image::ImageHeader& header = *instance.header;
  instance.layout = ContextLayout{header.table_count, header.imported_function_count, header.global_count};
  const auto context = map_context(instance.slot, Bytes(instance.layout.size()));
  if (!context) return stop_for(context.error());
  instance.context = *context;
  instance.context->stack_limit = process.stack.begin + kHostStackBytes;
  instance.context->memory_base = address_map::memory_of(instance.slot).begin;
  instance.context->memory_owner = reinterpret_cast<std::uint64_t>(instance.context);
  instance.context->fuel_limit = process.fuel_limit.count();
  instance.context->epoch_deadline = 1;  // the epoch is 0 until an interrupt
  publish_services(*instance.context);
  instance.data_dropped.resize(header.data_count);
  instance.elements_dropped.resize(header.element_count);
  return reserve_tables(instance);
}

}  // namespace

services::Value& Instance::cell(std::uint32_t index) const {
  return *reinterpret_cast<services::Value*>(reinterpret_cast<std::byte*>(context) + layout.global(index));
}

services::Value& Instance::global(std::uint32_t index) const {
  return index < imported_globals.size() ? *imported_globals[index] : cell(index);
}

ImportSlot& Instance::import_slot(std::uint32_t index) const {
  return *reinterpret_cast<ImportSlot*>(reinterpret_cast<std::byte*>(context) + layout.import_slot(index));
}

const image::Export* Instance::find_export(std::string_view its_name) const {
  for (const image::Export& exported : exports())
    if (image.text(exported.name) == its_name) return &exported;
  return nullptr;
}

Prepared<Instance*> load_instance(int memfd, std::uint32_t slot, std::string name) {
  const auto view = image::ImageView::open(memfd);
  if (!view)
    return view.error().code == ENOEXEC ? Prepared<Instance*>(refuse(view.error().what))
                                        : Prepared<Instance*>(stop_for(view.error()));
  if (const auto within = within_slot(**view, slot); !within) return refuse(within.error().what);
  auto mapped = map_image(memfd, **view);
  if (!mapped) return stop_for(mapped.error());
  auto instance = std::make_unique<Instance>();
  instance->name = std::move(name);
  instance->slot = slot;
  instance->image = std::move(*mapped);
  const auto header = check_header(instance->image, (*view)->header_address());
  if (!header) return refuse(header.error().what);
  instance->header = *header;
  instance->text = {(*header)->text_begin, (*header)->text_end};
  if (slot != 0 && (*header)->memory.present != 0 && (*header)->memory.imported == 0)
    if (auto reserved = reserve_memory(slot); !reserved) return stop_for(reserved.error());
  if (auto made = make_context(*instance); !made) return tl::unexpected(made.error());
  return process.add(std::move(instance));
}

Prepared<bool> instantiate(Instance& instance) {
  if (auto opened = open_own_memory(instance); !opened) return tl::unexpected(opened.error());
  const auto globals = records<image::Global>(instance, instance.header->globals, instance.header->global_count);
  for (std::uint32_t i = 0; i < globals.size(); ++i) {
    if (i >= instance.imported_globals.size())
      instance.cell(i) = value_of(instance, globals[i].init);
    else if (globals[i].is_mutable != 0)
      instance.cell(i).low = reinterpret_cast<std::uint64_t>(instance.imported_globals[i]);
    else
      instance.cell(i) = *instance.imported_globals[i];
  }
  const auto tables = tables_of(instance);
  for (std::uint32_t i = instance.imported_tables(); i < tables.size(); ++i) {
    Table& table = *instance.tables[i];
    if (!open_table(table, tables[i].minimum)) return over_limit("memory");
    table.descriptor->size = tables[i].minimum;
  }
  if (!initialise_elements(instance) || !initialise_memory(instance)) return false;
  instance.context->fuel += instantiation_fuel(instance.image, *instance.header).count();
  return true;
}

}  // namespace slack::worker

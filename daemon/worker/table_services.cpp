// What generated code calls for tables: growth and the bulk operators.
#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "daemon/worker/charged_bulk.hpp"
#include "daemon/worker/process.hpp"
#include "daemon/worker/services.hpp"

namespace slack::worker {
namespace {

Table& table_at(std::uint32_t index) { return *process.current->tables[index]; }

std::uint64_t* elements_of(const TableDescriptor& table) { return reinterpret_cast<std::uint64_t*>(table.elements); }

void require_table(std::uint64_t start, std::uint64_t length, std::uint64_t size, std::uint32_t function,
                   std::uint32_t offset) {
  if (!in_bounds(start, length, size)) [[unlikely]]
    end_by_trap(static_cast<std::uint32_t>(Trap::out_of_bounds_table_access), function, offset);
}

void fill(std::uint64_t* elements, std::uint64_t reference, std::uint32_t length) {
  by_chunks(length, kTableChunk, false,
            [&](std::uint32_t at, std::uint32_t part) { std::fill_n(elements + at, part, reference); });
}

}  // namespace

bool open_table(Table& table, std::uint32_t size) {
  const std::uint64_t bytes =
      (std::uint64_t{size} * 8 + address_map::kPageBytes - 1) / address_map::kPageBytes * address_map::kPageBytes;
  if (bytes <= table.accessible_bytes) return true;
  auto* const begin = reinterpret_cast<std::byte*>(table.descriptor->elements);
  if (::mprotect(begin + table.accessible_bytes, bytes - table.accessible_bytes, PROT_READ | PROT_WRITE) != 0)
    return false;
  table.accessible_bytes = bytes;
  return true;
}

std::uint32_t table_grow(std::uint32_t index, std::uint32_t delta, std::uint64_t reference) {
  enter_host();
  Table& storage = table_at(index);
  TableDescriptor& table = *storage.descriptor;
  const std::uint32_t old_size = table.size;
  const std::uint64_t new_size = std::uint64_t{old_size} + delta;
  const std::uint32_t most = std::min(table.maximum, storage.capacity);
  if (new_size > most || !open_table(storage, static_cast<std::uint32_t>(new_size))) return ~std::uint32_t{0};
  fill(elements_of(table) + old_size, reference, delta);
  table.size = static_cast<std::uint32_t>(new_size);
  return old_size;
}

void table_copy(std::uint32_t to, std::uint32_t from, std::uint32_t length, std::uint32_t to_table,
                std::uint32_t from_table, std::uint32_t function, std::uint32_t offset) {
  enter_host();
  const TableDescriptor& target = *table_at(to_table).descriptor;
  const TableDescriptor& source = *table_at(from_table).descriptor;
  require_table(to, length, target.size, function, offset);
  require_table(from, length, source.size, function, offset);
  by_chunks(length, kTableChunk, to > from, [&](std::uint32_t at, std::uint32_t part) {
    std::memmove(elements_of(target) + to + at, elements_of(source) + from + at, std::size_t{part} * 8);
  });
}

void table_fill(std::uint32_t to, std::uint64_t reference, std::uint32_t length, std::uint32_t index,
                std::uint32_t function, std::uint32_t offset) {
  enter_host();
  const TableDescriptor& table = *table_at(index).descriptor;
  require_table(to, length, table.size, function, offset);
  fill(elements_of(table) + to, reference, length);
}

void table_init(std::uint32_t to, std::uint32_t from, std::uint32_t length, std::uint32_t segment, std::uint32_t index,
                std::uint32_t function, std::uint32_t offset) {
  enter_host();
  const TableDescriptor& table = *table_at(index).descriptor;
  const Instance& instance = *process.current;
  const image::ElementSegment& elements =
      instance.image.array<image::ElementSegment>(instance.header->elements, instance.header->element_count)[segment];
  require_table(from, length, instance.elements_dropped[segment] != 0 ? 0 : elements.count, function, offset);
  require_table(to, length, table.size, function, offset);
  const auto* references = reinterpret_cast<const std::uint64_t*>(elements.references) + from;
  by_chunks(length, kTableChunk, false, [&](std::uint32_t at, std::uint32_t part) {
    std::transform(references + at, references + at + part, elements_of(table) + to + at,
                   [&](std::uint64_t reference) { return instance.reference(reference); });
  });
}

void elem_drop(std::uint32_t segment) {
  enter_host();
  process.current->elements_dropped[segment] = 1;
}

}  // namespace slack::worker

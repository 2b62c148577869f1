// The services that generated code calls, and the functions of the suite's module `spectest`.
#include <cstring>

#include "daemon/base/address_map.hpp"
#include "tests/spec-run/instance.hpp"

namespace slack::spec {

namespace {

std::uint8_t* memory_at(std::uint32_t offset) {
  return reinterpret_cast<std::uint8_t*>(address_map::kMemory) + offset;  // NOLINT: a fixed address
}
std::uint64_t* elements_of(std::uint32_t table) {
  return reinterpret_cast<std::uint64_t*>(Instance::current().table(table).elements);
}

void check(bool inside, Trap otherwise) {
  if (!inside) Instance::current().trap(otherwise);
}
bool fits(std::uint64_t offset, std::uint64_t length, std::uint64_t size) { return offset + length <= size; }
bool in_memory(std::uint64_t offset, std::uint64_t length) {
  return fits(offset, length, Instance::current().head().memory_bytes);
}
bool in_table(std::uint32_t table, std::uint64_t offset, std::uint64_t length) {
  return fits(offset, length, Instance::current().table(table).size);
}
void charge(std::uint64_t length) { Instance::current().head().fuel += length; }

void trap(std::uint32_t trap, std::uint32_t, std::uint32_t) { Instance::current().trap(static_cast<Trap>(trap)); }

std::uint32_t memory_grow(std::uint32_t delta) {
  auto& head = Instance::current().head();
  const auto old = static_cast<std::uint32_t>(head.memory_bytes / address_map::kWasmPageBytes);
  const auto wanted = (std::uint64_t{old} + delta) * address_map::kWasmPageBytes;
  if (wanted > head.memory_limit || !Instance::current().grow_memory(wanted)) return 0xffff'ffff;
  charge(delta);
  return old;
}

void memory_copy(std::uint32_t to, std::uint32_t from, std::uint32_t length, std::uint32_t, std::uint32_t) {
  check(in_memory(to, length) && in_memory(from, length), Trap::out_of_bounds_memory_access);
  std::memmove(memory_at(to), memory_at(from), length);
  charge(length);
}

void memory_fill(std::uint32_t to, std::uint32_t value, std::uint32_t length, std::uint32_t, std::uint32_t) {
  check(in_memory(to, length), Trap::out_of_bounds_memory_access);
  std::memset(memory_at(to), static_cast<int>(value & 0xff), length);
  charge(length);
}

void memory_init(std::uint32_t to, std::uint32_t from, std::uint32_t length, std::uint32_t segment, std::uint32_t,
                 std::uint32_t) {
  auto& instance = Instance::current();
  const auto& data = reinterpret_cast<const image::DataSegment*>(instance.header().data)[segment];
  const std::uint64_t size = instance.dropped_data[segment] ? 0 : data.size;
  check(in_memory(to, length) && fits(from, length, size), Trap::out_of_bounds_memory_access);
  if (length != 0) std::memcpy(memory_at(to), reinterpret_cast<const std::uint8_t*>(data.bytes) + from, length);
  charge(length);
}

void data_drop(std::uint32_t segment) { Instance::current().dropped_data[segment] = true; }

std::uint32_t table_grow(std::uint32_t index, std::uint32_t delta, std::uint64_t reference) {
  auto& table = Instance::current().table(index);
  const auto old = table.size;
  const auto wanted = std::uint64_t{old} + delta;
  if (wanted > table.maximum || wanted > Instance::kMostTableElements) return 0xffff'ffff;
  charge(delta);
  for (std::uint64_t i = old; i < wanted; ++i) elements_of(index)[i] = reference;
  table.size = static_cast<std::uint32_t>(wanted);
  return old;
}

void table_copy(std::uint32_t to, std::uint32_t from, std::uint32_t length, std::uint32_t to_table,
                std::uint32_t from_table, std::uint32_t, std::uint32_t) {
  check(in_table(to_table, to, length) && in_table(from_table, from, length), Trap::out_of_bounds_table_access);
  std::memmove(elements_of(to_table) + to, elements_of(from_table) + from, std::size_t{length} * 8);
  charge(length);
}

void table_fill(std::uint32_t to, std::uint64_t reference, std::uint32_t length, std::uint32_t table, std::uint32_t,
                std::uint32_t) {
  check(in_table(table, to, length), Trap::out_of_bounds_table_access);
  for (std::uint32_t i = 0; i < length; ++i) elements_of(table)[to + i] = reference;
  charge(length);
}

void table_init(std::uint32_t to, std::uint32_t from, std::uint32_t length, std::uint32_t segment, std::uint32_t table,
                std::uint32_t, std::uint32_t) {
  auto& instance = Instance::current();
  const auto& elements = reinterpret_cast<const image::ElementSegment*>(instance.header().elements)[segment];
  const std::uint64_t size = instance.dropped_elements[segment] ? 0 : elements.count;
  check(in_table(table, to, length) && fits(from, length, size), Trap::out_of_bounds_table_access);
  const auto* references = reinterpret_cast<const std::uint64_t*>(elements.references);
  for (std::uint32_t i = 0; i < length; ++i) elements_of(table)[to + i] = instance.resolve(references[from + i]);
  charge(length);
}

void elem_drop(std::uint32_t segment) { Instance::current().dropped_elements[segment] = true; }

void* libc_memcpy(void* to, const void* from, std::size_t length) { return std::memcpy(to, from, length); }
void* libc_memmove(void* to, const void* from, std::size_t length) { return std::memmove(to, from, length); }
void* libc_memset(void* to, int value, std::size_t length) { return std::memset(to, value, length); }

void print() {}
void print_i32(std::uint32_t) {}
void print_i64(std::uint64_t) {}
void print_f32(float) {}
void print_f64(double) {}
void print_i32_f32(std::uint32_t, float) {}
void print_f64_f64(double, double) {}

}  // namespace

void install_services(ContextHead& head){
#define X(name) head.services[static_cast<std::uint32_t>(Service::name)] = reinterpret_cast<std::uint64_t>(&name);
    SLACK_SERVICES(X)
#undef X
}

std::uint64_t spectest_function(std::string_view name) {
#define SPECTEST(function) \
  if (name == #function) return reinterpret_cast<std::uint64_t>(&function)
  SPECTEST(print);
  SPECTEST(print_i32);
  SPECTEST(print_i64);
  SPECTEST(print_f32);
  SPECTEST(print_f64);
  SPECTEST(print_i32_f32);
  SPECTEST(print_f64_f64);
#undef SPECTEST
  return 0;
}

}  // namespace slack::spec

// What generated code calls for linear memory: growth and the bulk operators, and libc's memory functions.
#include <sys/mman.h>

#include <cstring>

#include "daemon/worker/charged_bulk.hpp"
#include "daemon/worker/fault_handler.hpp"
#include "daemon/worker/process.hpp"
#include "daemon/worker/services.hpp"

namespace slack::worker {
namespace {

std::byte* memory_at(std::uint64_t offset) { return process.current->memory_at(offset); }
std::uint64_t memory_size() { return process.current->memory_owner().memory_bytes; }

void require_memory(std::uint64_t start, std::uint64_t length, std::uint64_t size, std::uint32_t function,
                    std::uint32_t offset) {
  if (!in_bounds(start, length, size)) [[unlikely]]
    end_by_trap(static_cast<std::uint32_t>(Trap::out_of_bounds_memory_access), function, offset);
}

// Marks a libc function as running for generated code, so that its faults count as the module's.
class CopyScope {
 public:
  explicit CopyScope(void* call_site) { copy_call_site = reinterpret_cast<std::uint64_t>(call_site); }
  ~CopyScope() { copy_call_site = 0; }
  CopyScope(const CopyScope&) = delete;
  CopyScope& operator=(const CopyScope&) = delete;
};

}  // namespace

bool open_memory(const Instance& instance, std::uint64_t from, std::uint64_t to) {
  return from == to || ::mprotect(instance.memory_at(from), to - from, PROT_READ | PROT_WRITE) == 0;
}

// wasmtime 50.0.1 charges a page like an element: one fuel each, if it succeeds.
std::uint32_t memory_grow(std::uint32_t delta_pages) {
  enter_host();
  const Instance& instance = *process.current;
  ContextHead& owner = instance.memory_owner();
  const std::uint64_t old_bytes = owner.memory_bytes;
  const std::uint64_t delta_bytes = delta_pages * address_map::kWasmPageBytes;
  const std::uint64_t new_bytes = old_bytes + delta_bytes;
  if (new_bytes > owner.memory_limit || delta_bytes > process.memory_left ||
      !open_memory(instance, old_bytes, new_bytes))
    return ~std::uint32_t{0};
  process.memory_left -= delta_bytes;
  owner.memory_bytes = new_bytes;
  instance.context->fuel += delta_pages;
  return static_cast<std::uint32_t>(old_bytes / address_map::kWasmPageBytes);
}

void memory_copy(std::uint32_t to, std::uint32_t from, std::uint32_t length, std::uint32_t function,
                 std::uint32_t offset) {
  enter_host();
  const std::uint64_t size = memory_size();
  require_memory(to, length, size, function, offset);
  require_memory(from, length, size, function, offset);
  by_chunks(length, kMemoryChunk, to > from, [&](std::uint64_t at, std::uint32_t part) {
    std::memmove(memory_at(to + at), memory_at(from + at), part);
  });
}

void memory_fill(std::uint32_t to, std::uint32_t value, std::uint32_t length, std::uint32_t function,
                 std::uint32_t offset) {
  enter_host();
  require_memory(to, length, memory_size(), function, offset);
  by_chunks(length, kMemoryChunk, false, [&](std::uint64_t at, std::uint32_t part) {
    std::memset(memory_at(to + at), static_cast<int>(value & 0xff), part);
  });
}

void memory_init(std::uint32_t to, std::uint32_t from, std::uint32_t length, std::uint32_t segment,
                 std::uint32_t function, std::uint32_t offset) {
  enter_host();
  const Instance& instance = *process.current;
  const image::DataSegment& data =
      instance.image.array<image::DataSegment>(instance.header->data, instance.header->data_count)[segment];
  require_memory(from, length, instance.data_dropped[segment] != 0 ? 0 : data.size, function, offset);
  require_memory(to, length, memory_size(), function, offset);
  const auto* bytes = reinterpret_cast<const std::byte*>(data.bytes) + from;
  by_chunks(length, kMemoryChunk, false,
            [&](std::uint64_t at, std::uint32_t part) { std::memcpy(memory_at(to + at), bytes + at, part); });
}

void data_drop(std::uint32_t segment) {
  enter_host();
  process.current->data_dropped[segment] = 1;
}

void* libc_memcpy(void* to, const void* from, std::size_t bytes) {
  const CopyScope scope(__builtin_return_address(0));
  return std::memcpy(to, from, bytes);
}

void* libc_memmove(void* to, const void* from, std::size_t bytes) {
  const CopyScope scope(__builtin_return_address(0));
  return std::memmove(to, from, bytes);
}

void* libc_memset(void* to, int value, std::size_t bytes) {
  const CopyScope scope(__builtin_return_address(0));
  return std::memset(to, value, bytes);
}

}  // namespace slack::worker

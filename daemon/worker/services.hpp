// The services of the worker that generated code calls through the context (base/worker_services.hpp).
#pragma once

#include <cstddef>
#include <cstdint>

#include "daemon/base/context.hpp"
#include "daemon/base/worker_services.hpp"

namespace slack::worker {

struct Instance;
struct Table;

void trap(std::uint32_t trap, std::uint32_t function, std::uint32_t offset);
std::uint32_t memory_grow(std::uint32_t delta_pages);
void memory_copy(std::uint32_t to, std::uint32_t from, std::uint32_t length, std::uint32_t function,
                 std::uint32_t offset);
void memory_fill(std::uint32_t to, std::uint32_t value, std::uint32_t length, std::uint32_t function,
                 std::uint32_t offset);
void memory_init(std::uint32_t to, std::uint32_t from, std::uint32_t length, std::uint32_t segment,
                 std::uint32_t function, std::uint32_t offset);
void data_drop(std::uint32_t segment);
std::uint32_t table_grow(std::uint32_t table, std::uint32_t delta, std::uint64_t reference);
void table_copy(std::uint32_t to, std::uint32_t from, std::uint32_t length, std::uint32_t to_table,
                std::uint32_t from_table, std::uint32_t function, std::uint32_t offset);
void table_fill(std::uint32_t to, std::uint64_t reference, std::uint32_t length, std::uint32_t table,
                std::uint32_t function, std::uint32_t offset);
void table_init(std::uint32_t to, std::uint32_t from, std::uint32_t length, std::uint32_t segment, std::uint32_t table,
                std::uint32_t function, std::uint32_t offset);
void elem_drop(std::uint32_t segment);
void* libc_memcpy(void* to, const void* from, std::size_t bytes);
void* libc_memmove(void* to, const void* from, std::size_t bytes);
void* libc_memset(void* to, int value, std::size_t bytes);

// Writes their addresses into the context.
void publish_services(ContextHead& context);

// Makes bytes [from, to) of an instance's linear memory accessible; false where the kernel refuses (RLIMIT_DATA, the
// control group).
[[nodiscard]] bool open_memory(const Instance& instance, std::uint64_t from, std::uint64_t to);
// Makes elements of a table accessible up to `size`, which is within its capacity.
[[nodiscard]] bool open_table(Table& table, std::uint32_t size);

}  // namespace slack::worker

// Puts the services into the context.
#include "daemon/worker/services.hpp"

#include "daemon/worker/process.hpp"

namespace slack::worker {

void trap(std::uint32_t trap, std::uint32_t function, std::uint32_t offset) {
  process.note_caller(reinterpret_cast<std::uint64_t>(__builtin_return_address(0)));
  end_by_trap(trap, function, offset);
}

void publish_services(ContextHead& context) {
#define X(name) context.services[static_cast<std::uint32_t>(Service::name)] = reinterpret_cast<std::uint64_t>(&name);
  SLACK_SERVICES(X)
#undef X
}

static_assert(std::is_same_v<decltype(&trap), services::TrapFn>);
static_assert(std::is_same_v<decltype(&memory_grow), services::MemoryGrowFn>);
static_assert(std::is_same_v<decltype(&memory_copy), services::MemoryCopyFn>);
static_assert(std::is_same_v<decltype(&memory_fill), services::MemoryFillFn>);
static_assert(std::is_same_v<decltype(&memory_init), services::MemoryInitFn>);
static_assert(std::is_same_v<decltype(&data_drop), services::DataDropFn>);
static_assert(std::is_same_v<decltype(&table_grow), services::TableGrowFn>);
static_assert(std::is_same_v<decltype(&table_copy), services::TableCopyFn>);
static_assert(std::is_same_v<decltype(&table_fill), services::TableFillFn>);
static_assert(std::is_same_v<decltype(&table_init), services::TableInitFn>);
static_assert(std::is_same_v<decltype(&elem_drop), services::ElemDropFn>);

}  // namespace slack::worker

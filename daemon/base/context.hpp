// The layout of slack_context: what generated code and its host share, at one fixed address.
//
// A fixed head, then three arrays whose lengths the image header gives: table descriptors, import slots, globals.
#pragma once

#include <cstddef>
#include <cstdint>

#include "daemon/base/address_map.hpp"

namespace slack {

// Services of the worker that generated code calls through the context; X(name). Signatures: worker_services.hpp.
#define SLACK_SERVICES(X) \
  X(trap)                 \
  X(memory_grow)          \
  X(memory_copy)          \
  X(memory_fill)          \
  X(memory_init)          \
  X(data_drop)            \
  X(table_grow)           \
  X(table_copy)           \
  X(table_fill)           \
  X(table_init)           \
  X(elem_drop)            \
  X(libc_memcpy)          \
  X(libc_memmove)         \
  X(libc_memset)

enum class Service : std::uint32_t {
#define X(name) name,
  SLACK_SERVICES(X)
#undef X
      count
};

// A table. `elements` is the absolute address of `size` references of eight bytes; a null reference is 0.
struct TableDescriptor {
  std::uint64_t elements;
  std::uint32_t size;
  std::uint32_t maximum;
};

struct ContextHead {
  std::uint64_t fuel;  // exact fuel consumed, stored by generated code before every call of an import or service
  std::uint64_t memory_bytes;  // current size of linear memory 0
  std::uint64_t memory_limit;  // bytes it may grow to: the module's maximum and the run's limit, the smaller
  std::uint64_t stack_limit;   // lowest address that a host function may find its stack at; below it: stack exhaustion
  std::uint64_t fuel_limit;      // metering `checked`: more fuel than this is too much; others do not look at it
  std::uint64_t epoch;           // metering `epoch`: once it has reached ...
  std::uint64_t epoch_deadline;  // ... this, the run is interrupted at its next check
  std::uint64_t services[64];  // addresses, indexed by Service
};

// A reference to a function: the address of one of these, in the image's read-only data.
struct FunctionDescriptor {
  std::uint64_t code;       // address of the function, internal calling convention
  std::uint32_t signature;  // canonical type number; call_indirect compares it
  std::uint32_t function;   // Wasm function index
};

struct ContextLayout {
  std::uint32_t tables = 0;
  std::uint32_t imported_functions = 0;
  std::uint32_t globals = 0;

  static constexpr std::uint64_t kTablesOffset = 1024;
  static constexpr std::uint64_t kGlobalBytes = 16;  // a v128 fits

  [[nodiscard]] constexpr std::uint64_t table(std::uint32_t index) const {
    return kTablesOffset + std::uint64_t{index} * sizeof(TableDescriptor);
  }
  [[nodiscard]] constexpr std::uint64_t import_slot(std::uint32_t index) const {
    return table(tables) + std::uint64_t{index} * 8;
  }
  [[nodiscard]] constexpr std::uint64_t global(std::uint32_t index) const {
    return (import_slot(imported_functions) + 15) / 16 * 16 + std::uint64_t{index} * kGlobalBytes;
  }
  [[nodiscard]] constexpr std::uint64_t size() const { return global(globals); }
};

static_assert(sizeof(TableDescriptor) == 16 && sizeof(FunctionDescriptor) == 16);
static_assert(sizeof(ContextHead) <= ContextLayout::kTablesOffset);
static_assert(static_cast<std::uint32_t>(Service::count) <= 64);

}  // namespace slack

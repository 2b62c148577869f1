// The layout of slack_context: what the generated code of one instance and its host share, at the address of its slot.
//
// A fixed head, then three arrays whose lengths the image header gives: table descriptors, import slots, globals. What
// an instance imports lies with the instance that defines it, and is reached through an address here that never changes
// once the instance is linked.
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

// A table. `elements` is the absolute address of `size` references of eight bytes; a null reference is 0. Of an
// imported table only `elements` is set: the address of the descriptor that the defining instance has of it.
struct TableDescriptor {
  std::uint64_t elements;
  std::uint32_t size;
  std::uint32_t maximum;
};

struct ContextHead {
  std::uint64_t fuel;  // exact fuel consumed, stored by generated code before every call of an import or service
  std::uint64_t memory_bytes;  // current size of linear memory 0, where this instance defines it
  std::uint64_t memory_limit;  // bytes it may grow to: the module's maximum and the run's limit, the smaller
  std::uint64_t stack_limit;   // lowest address that a host function may find its stack at; below it: stack exhaustion
  std::uint64_t fuel_limit;    // metering `checked`: more fuel than this is too much; others do not look at it
  std::uint64_t epoch;         // metering `epoch`: once it has reached ...
  std::uint64_t epoch_deadline;  // ... this, the run is interrupted at its next check
  std::uint64_t services[64];    // addresses, indexed by Service
  std::uint64_t memory_base;     // where linear memory 0 begins, own or imported
  std::uint64_t memory_owner;    // address of the ContextHead whose memory_bytes are linear memory 0's: this or another
};

// A reference to a function: the address of one of these, in read-only data of the image that the reference is from.
struct FunctionDescriptor {
  std::uint64_t code;       // address of the function, internal calling convention
  std::uint64_t signature;  // image::digest_of its type; call_indirect compares it
};

// An imported function.
struct ImportSlot {
  std::uint64_t code;  // internal calling convention: another instance's function, or this image's adapter to `host`
  std::uint64_t host;  // a C function, which the adapter calls; 0 for another instance's function
};

struct ContextLayout {
  std::uint32_t tables = 0;
  std::uint32_t imported_functions = 0;
  std::uint32_t globals = 0;

  static constexpr std::uint64_t kTablesOffset = 1024;
  // A v128 fits. The cell of an imported mutable global holds the address of the defining instance's cell.
  static constexpr std::uint64_t kGlobalBytes = 16;

  [[nodiscard]] constexpr std::uint64_t table(std::uint32_t index) const {
    return kTablesOffset + std::uint64_t{index} * sizeof(TableDescriptor);
  }
  [[nodiscard]] constexpr std::uint64_t import_slot(std::uint32_t index) const {
    return table(tables) + std::uint64_t{index} * sizeof(ImportSlot);
  }
  [[nodiscard]] constexpr std::uint64_t global(std::uint32_t index) const {
    return import_slot(imported_functions) + std::uint64_t{index} * kGlobalBytes;
  }
  [[nodiscard]] constexpr std::uint64_t size() const { return global(globals); }
};

static_assert(sizeof(TableDescriptor) == 16 && sizeof(FunctionDescriptor) == 16 && sizeof(ImportSlot) == 16);
static_assert(ContextLayout::kTablesOffset % ContextLayout::kGlobalBytes == 0);
static_assert(sizeof(ContextHead) <= ContextLayout::kTablesOffset);
static_assert(static_cast<std::uint32_t>(Service::count) <= 64);

}  // namespace slack

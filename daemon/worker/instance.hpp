// Instance: one module's image as it runs in this worker, with its context, its tables and its linear memory.
//
// What it imports belongs to the instance that defines it, and is reached through that one.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "daemon/base/context.hpp"
#include "daemon/base/wasm_numbers.hpp"
#include "daemon/base/worker_services.hpp"
#include "daemon/worker/backtrace.hpp"
#include "daemon/worker/guest_memory.hpp"
#include "daemon/worker/image_file.hpp"
#include "daemon/worker/stop.hpp"

namespace slack::worker {

// A table that an instance defines.
struct Table {
  TableDescriptor* descriptor = nullptr;  // in the context of its instance
  std::uint32_t capacity = 0;             // elements for which address space is reserved
  std::uint64_t accessible_bytes = 0;     // made readable and writable so far
};

struct Instance {
  Instance() = default;
  Instance(const Instance&) = delete;  // others hold its address
  Instance& operator=(const Instance&) = delete;

  std::string name;  // that it is linked by; empty: the module that is run
  std::uint32_t slot = 0;
  ContextHead* context = nullptr;
  ContextLayout layout;
  const image::ImageHeader* header = nullptr;
  ImageBytes image;
  AddressRange text;  // generated code
  std::vector<Table> own_tables;
  std::vector<Table*> tables;                      // all of its index space
  std::vector<services::Value*> imported_globals;  // the cells of the instances that define them
  Instance* memory_definer = this;                 // of its linear memory
  std::vector<std::uint8_t> data_dropped;
  std::vector<std::uint8_t> elements_dropped;

  // Size and limit of its memory stand there.
  [[nodiscard]] ContextHead& memory_owner() const { return *memory_definer->context; }
  [[nodiscard]] std::byte* memory_at(std::uint64_t offset) const {
    return reinterpret_cast<std::byte*>(context->memory_base + offset);
  }
  [[nodiscard]] GuestMemory memory() const { return GuestMemory({memory_at(0), memory_owner().memory_bytes}); }
  // Cell `index` of its own context.
  [[nodiscard]] services::Value& cell(std::uint32_t index) const;
  // Where global `index` has its value, wherever it is defined.
  [[nodiscard]] services::Value& global(std::uint32_t index) const;
  [[nodiscard]] ImportSlot& import_slot(std::uint32_t index) const;
  [[nodiscard]] std::uint32_t imported_tables() const {
    return static_cast<std::uint32_t>(tables.size() - own_tables.size());
  }
  // A reference of an element segment as a value.
  [[nodiscard]] std::uint64_t reference(std::uint64_t in_segment) const {
    return image::is_reference_to_global(in_segment) ? global(static_cast<std::uint32_t>(in_segment >> 1)).low
                                                     : in_segment;
  }

  [[nodiscard]] std::span<const image::Import> imports() const {
    return image.array<image::Import>(header->imports, header->import_count);
  }
  [[nodiscard]] std::span<const image::Export> exports() const {
    return image.array<image::Export>(header->exports, header->export_count);
  }
  // Null if it exports nothing of this name.
  [[nodiscard]] const image::Export* find_export(std::string_view its_name) const;
};

// Maps a sealed image at the addresses of `slot`, with a context and the reserve of tables. It joins `process` there.
[[nodiscard]] Prepared<Instance*> load_instance(int memfd, std::uint32_t slot, std::string name);

// Memory and tables of their minimum size, globals, then element and data segments in their order. Nothing is mapped
// or allocated. Traps as the specification has them are left in `process.report` (end = trapped) and tell by `false`.
[[nodiscard]] Prepared<bool> instantiate(Instance& instance);

}  // namespace slack::worker

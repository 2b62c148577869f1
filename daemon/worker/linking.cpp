// Resolves imports.
#include "daemon/worker/linking.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "daemon/base/address_map.hpp"

namespace slack::worker {
namespace {

using image::ExternKind;

std::string_view name_of(ExternKind kind) {
  switch (kind) {
    case ExternKind::function:
      return "a function";
    case ExternKind::table:
      return "a table";
    case ExternKind::memory:
      return "a memory";
    case ExternKind::global:
      return "a global";
  }
  return "something";
}

std::string described(const Instance& instance) {
  return instance.name.empty() ? "the module" : "linked module " + instance.name;
}

// One import of an instance, and what the instances before it have for it.
class Resolution {
 public:
  Resolution(Instance& instance, const image::Import& import, std::span<const Linked> linked)
      : instance_(instance),
        import_(import),
        module_(instance.image.text(import.module)),
        name_(instance.image.text(import.name)) {
    const auto found = std::ranges::find(linked, module_, &Linked::name);
    if (found != linked.end()) exporter_ = found->instance;
    if (exporter_ != nullptr) export_ = exporter_->find_export(name_);
  }

  [[nodiscard]] Prepared<void> link(const HostFunctions& host);
  [[nodiscard]] Prepared<void> check_limits() const;

 private:
  [[nodiscard]] std::string full_name() const { return std::string(module_) + "." + std::string(name_); }
  [[nodiscard]] tl::unexpected<Stop> incompatible(const std::string& why) const {
    return refuse("incompatible import type: " + full_name() + ": " + described(instance_) + " imports " + why);
  }
  [[nodiscard]] std::string signature(const Instance& of, const image::Signature& signature) const {
    return signature_text(of.image.types(signature), signature.parameter_count);
  }
  template <typename T>
  [[nodiscard]] const T& record(const Instance& of, std::uint64_t array, std::uint32_t count,
                                std::uint32_t index) const {
    return of.image.array<T>(array, count)[index];
  }
  [[nodiscard]] const image::Table& table(const Instance& of, std::uint32_t index) const {
    return record<image::Table>(of, of.header->tables, of.header->table_count, index);
  }
  [[nodiscard]] const image::Global& global(const Instance& of, std::uint32_t index) const {
    return record<image::Global>(of, of.header->globals, of.header->global_count, index);
  }
  [[nodiscard]] Prepared<void> link_to_host(const HostFunctions& host);
  [[nodiscard]] Prepared<void> link_function();
  [[nodiscard]] Prepared<void> link_table();
  [[nodiscard]] Prepared<void> link_global();

  Instance& instance_;
  const image::Import& import_;
  std::string_view module_;
  std::string_view name_;
  Instance* exporter_ = nullptr;
  const image::Export* export_ = nullptr;
};

Prepared<void> Resolution::link(const HostFunctions& host) {
  if (exporter_ == nullptr) return link_to_host(host);
  if (export_ == nullptr)
    return refuse("unknown import: " + full_name() + ": " + described(instance_) + " imports it, but " +
                  described(*exporter_) + " exports nothing of this name");
  if (export_->kind != import_.kind)
    return incompatible(std::string(name_of(import_.kind)) + ", but " + described(*exporter_) + " exports " +
                        std::string(name_of(export_->kind)));
  switch (import_.kind) {
    case ExternKind::function:
      return link_function();
    case ExternKind::table:
      return link_table();
    case ExternKind::memory:
      instance_.context->memory_base = exporter_->context->memory_base;
      instance_.context->memory_owner = exporter_->context->memory_owner;
      instance_.memory_definer = exporter_->memory_definer;
      return {};
    case ExternKind::global:
      return link_global();
  }
  return {};
}

Prepared<void> Resolution::link_to_host(const HostFunctions& host) {
  const std::string types =
      import_.kind == ExternKind::function ? signature(instance_, import_.signature) : std::string();
  const auto address = host(module_, name_, import_.kind, types);
  if (!address) return refuse(address.error());
  instance_.import_slot(import_.index) = {import_.adapter, *address};
  return {};
}

Prepared<void> Resolution::link_function() {
  const std::string wanted = signature(instance_, import_.signature);
  const std::string offered = signature(*exporter_, export_->signature);
  if (wanted != offered)
    return incompatible("a function of type " + wanted + ", but " + described(*exporter_) + " exports one of type " +
                        offered);
  ImportSlot& slot = instance_.import_slot(import_.index);
  slot = {export_->code, 0};
  if (export_->index >= exporter_->header->imported_function_count) return {};
  // Passed on: from where the exporter has it. A host function then works for the instance that calls it.
  const ImportSlot& passed_on = exporter_->import_slot(export_->index);
  slot = passed_on.host != 0 ? ImportSlot{import_.adapter, passed_on.host} : passed_on;
  return {};
}

Prepared<void> Resolution::link_table() {
  const auto wanted = table(instance_, import_.index).type;
  const auto offered = table(*exporter_, export_->index).type;
  if (wanted != offered)
    return incompatible("a table of another element type than " + described(*exporter_) + " exports");
  Table* const its = exporter_->tables[export_->index];
  instance_.tables[import_.index] = its;
  TableDescriptor& descriptor = *reinterpret_cast<TableDescriptor*>(reinterpret_cast<std::byte*>(instance_.context) +
                                                                    instance_.layout.table(import_.index));
  descriptor = {reinterpret_cast<std::uint64_t>(its->descriptor), 0, 0};
  return {};
}

Prepared<void> Resolution::link_global() {
  const image::Global& wanted = global(instance_, import_.index);
  const image::Global& offered = global(*exporter_, export_->index);
  if (wanted.type != offered.type || wanted.is_mutable != offered.is_mutable)
    return incompatible("a global of another type than " + described(*exporter_) + " exports");
  instance_.imported_globals[import_.index] = &exporter_->global(export_->index);
  return {};
}

Prepared<void> Resolution::check_limits() const {
  if (exporter_ == nullptr || export_ == nullptr) return {};
  const auto judge = [this](std::uint64_t size, std::uint64_t minimum, std::optional<std::uint64_t> most,
                            std::optional<std::uint64_t> allowed) -> Prepared<void> {
    if (size < minimum)
      return incompatible(std::string(name_of(import_.kind)) + " of at least " + std::to_string(minimum) + ", but " +
                          described(*exporter_) + "'s has " + std::to_string(size));
    if (allowed && (!most || *most > *allowed))
      return incompatible(std::string(name_of(import_.kind)) + " that grows to " + std::to_string(*allowed) +
                          " at the most, but " + described(*exporter_) +
                          (most ? "'s may grow to " + std::to_string(*most) : "'s has no maximum"));
    return {};
  };
  const auto maximum = [](std::uint32_t figure) {
    return figure == image::kNoMaximum ? std::nullopt : std::optional<std::uint64_t>(figure);
  };
  if (import_.kind == ExternKind::table)
    return judge(exporter_->tables[export_->index]->descriptor->size, table(instance_, import_.index).minimum,
                 maximum(exporter_->tables[export_->index]->descriptor->maximum),
                 maximum(table(instance_, import_.index).maximum));
  if (import_.kind == ExternKind::memory) {
    const image::Memory& wanted = instance_.header->memory;
    const auto most = [](const image::Memory& memory) {
      return memory.has_maximum != 0 ? std::optional<std::uint64_t>(memory.maximum_pages) : std::nullopt;
    };
    return judge(exporter_->memory_owner().memory_bytes / address_map::kWasmPageBytes, wanted.minimum_pages,
                 most(exporter_->memory_definer->header->memory), most(wanted));
  }
  return {};
}

}  // namespace

Prepared<void> link(Instance& instance, std::span<const Linked> linked, const HostFunctions& host) {
  instance.imported_globals.resize(
      static_cast<std::size_t>(std::ranges::count(instance.imports(), ExternKind::global, &image::Import::kind)));
  for (const image::Import& import : instance.imports())
    if (auto done = Resolution(instance, import, linked).link(host); !done) return done;
  return {};
}

Prepared<void> check_limits(Instance& instance, std::span<const Linked> linked) {
  for (const image::Import& import : instance.imports())
    if (auto checked = Resolution(instance, import, linked).check_limits(); !checked) return checked;
  return {};
}

Prepared<void> TypeDigests::add(const Instance& instance) {
  for (const image::Signature& signature :
       instance.image.array<image::Signature>(instance.header->types, instance.header->type_count)) {
    const auto types = instance.image.types(signature);
    const std::uint64_t digest =
        image::digest_of(types.first(signature.parameter_count), types.last(signature.result_count));
    Type type{{types.begin(), types.end()}, signature.parameter_count};
    const auto [place, is_new] = types_.try_emplace(digest, type);
    if (!is_new && place->second != type)
      return refuse("a function type of " + described(instance) +
                    " has the digest of a different type of a module before it");
  }
  return {};
}

}  // namespace slack::worker

// Linking: which definition each import of an instance gets, of the instances before it or of the host, by name and
// type.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "daemon/worker/imports.hpp"
#include "daemon/worker/instance.hpp"

namespace slack::worker {

// An instance under a name that others import from.
struct Linked {
  std::string_view name;
  Instance* instance = nullptr;
};

// Finds the host function of an import that no linked instance has the module name of.
using HostFunctions = std::function<tl::expected<std::uint64_t, Refusal>(
    std::string_view module, std::string_view name, image::ExternKind kind, std::string_view signature)>;

// Fills the import slots, and notes tables, memory and globals of other instances. Refused, with both sides named:
// an import that nobody defines ("unknown import: …") or that is of another type ("incompatible import type: …").
// Limits of tables and memories are not looked at: what has been run until the instance is made may grow them.
[[nodiscard]] Prepared<void> link(Instance& instance, std::span<const Linked> linked, const HostFunctions& host);

// Whether the tables and memories that it imports are now as large as it asks for; refused if not.
[[nodiscard]] Prepared<void> check_limits(Instance& instance, std::span<const Linked> linked);

// The function types of all images of a worker: call_indirect compares their digests alone, so no two types may have
// the same one.
class TypeDigests {
 public:
  // Refuses an instance with a type that shares its digest with another type.
  [[nodiscard]] Prepared<void> add(const Instance& instance);

 private:
  struct Type {
    std::vector<image::ValueType> types;
    std::uint32_t parameters = 0;
    friend bool operator==(const Type&, const Type&) = default;
  };
  std::map<std::uint64_t, Type> types_;
};

}  // namespace slack::worker

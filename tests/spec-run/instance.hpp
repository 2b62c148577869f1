// One instance of a compiled module at the fixed addresses of this process: a worker without sandbox and monitor, for
// tests of the code generator.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/context.hpp"
#include "daemon/base/fault.hpp"
#include "daemon/base/worker_services.hpp"
#include "daemon/wire/trap.hpp"
#include "jit/image/image_view.hpp"

namespace slack::spec {

// How a call into generated code ended.
struct Ending {
  std::optional<Trap> trap;
  std::uint64_t fuel = 0;       // exact but at a memory trap
  std::uint64_t published = 0;  // what stands in the safepoint page
};

// Exists once in a process: everything lies at address_map's addresses.
class Instance {
 public:
  static constexpr std::uint32_t kMostTableElements = 1 << 20;  // a growth beyond fails

  // Maps `image`, resolves its imports against the suite's module `spectest`. ENOTSUP: it imports something else.
  [[nodiscard]] static Expected<Instance*> create(int image);
  // Applies segments and runs the start function.
  [[nodiscard]] Ending instantiate();

  [[nodiscard]] const image::Export* find_export(const std::string& name) const;
  [[nodiscard]] Ending call(std::uint64_t thunk, services::Value* values);
  [[nodiscard]] services::Value global(std::uint32_t index) const;

  // For the services.
  [[nodiscard]] static Instance& current();
  [[nodiscard]] ContextHead& head() const;
  [[nodiscard]] TableDescriptor& table(std::uint32_t index) const;
  [[nodiscard]] const image::ImageHeader& header() const { return *header_; }
  [[nodiscard]] std::uint64_t resolve(std::uint64_t reference) const;  // of an element segment
  [[nodiscard]] bool grow_memory(std::uint64_t bytes);
  std::vector<bool> dropped_data;
  std::vector<bool> dropped_elements;
  [[noreturn]] void trap(Trap trap);

 private:
  Instance() = default;
  [[nodiscard]] Expected<void> map_segments(int image);
  [[nodiscard]] Expected<void> map_memory();
  [[nodiscard]] Expected<void> link_imports();
  [[nodiscard]] Expected<void> make_tables();
  void make_globals();
  [[nodiscard]] services::Value evaluate(const image::InitExpression& init) const;

  std::shared_ptr<const image::ImageView> view_;
  const image::ImageHeader* header_ = nullptr;
  ContextLayout layout_;
};

// Fills the service slots of the context.
void install_services(ContextHead& head);
// The address of spectest's function `name`, 0 if it has none.
[[nodiscard]] std::uint64_t spectest_function(std::string_view name);

}  // namespace slack::spec

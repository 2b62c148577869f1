// Store: instances that see each other, on the worker's own runtime but without its sandbox and monitor.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "daemon/wire/run_options.hpp"
#include "daemon/wire/trap.hpp"
#include "daemon/worker/linking.hpp"

namespace slack::spec {

// How a call into generated code ended.
struct Ending {
  std::optional<Trap> trap;
  std::uint64_t fuel = 0;       // exact but at a memory trap
  std::uint64_t published = 0;  // what stands in the safepoint page
  // Of a trap that an operator told of itself: which one; else both are wire::kUnknown.
  std::uint32_t slot = 0;
  std::uint32_t function = 0;
  std::uint32_t offset = 0;
};

// Sees what stores do, for tests of what happens inside a call.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void loaded(int image, std::uint32_t slot) = 0;
  // Generated code is about to run; the worker's fault handler is installed, and fuel 0 published.
  virtual void before_code() = 0;
  virtual void after_code() = 0;
};

// Exists once in a process: everything lies at address_map's addresses.
class Store {
 public:
  // Of this process's store and, being set before they are forked, of its children's.
  inline static Observer* observer = nullptr;

  // The slot for spectest; the lowest free one is the next module's.
  static constexpr std::uint32_t kSpectestSlot = address_map::kLinkedSlots;

  [[nodiscard]] static Expected<std::unique_ptr<Store>> make(Metering metering);

  // Nullopt if there are too many instances.
  [[nodiscard]] std::optional<std::uint32_t> free_slot() const;
  // Maps `image` at `slot` and links it. Refused: it cannot be linked, and is forgotten.
  [[nodiscard]] worker::Prepared<void> load(int image, std::uint32_t slot);
  // Segments and start function. A module that traps here stays: others may have references into it.
  [[nodiscard]] worker::Prepared<Ending> instantiate(std::uint32_t slot);
  // What is registered under a name goes by the last one.
  void enter(std::string name, std::uint32_t slot);
  // Makes its addresses free again. Nothing of it may be referred to any more.
  void forget(std::uint32_t slot);

  [[nodiscard]] worker::Instance& instance(std::uint32_t slot) const;
  // Whether others may hold references to its functions that no name leads to.
  [[nodiscard]] bool shares_references(std::uint32_t slot) const;
  [[nodiscard]] Ending call(std::uint32_t slot, std::uint64_t thunk, services::Value* values);

 private:
  Store() = default;
  template <typename Call>
  [[nodiscard]] Ending enter_code(std::uint32_t slot, Call call);

  std::list<std::string> names_;
  std::vector<worker::Linked> linked_;
  worker::TypeDigests digests_;
};

}  // namespace slack::spec

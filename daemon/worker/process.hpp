// Process: the run that a worker is for, as host functions and signal handlers find it.
//
// A worker has one thread and one run; what C functions without a context argument must reach stands here.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "daemon/base/address_map.hpp"
#include "daemon/base/context.hpp"
#include "daemon/wire/trap.hpp"
#include "daemon/wire/worker_protocol.hpp"
#include "daemon/worker/backtrace.hpp"
#include "daemon/worker/instance.hpp"
#include "daemon/worker/measure.hpp"
#include "daemon/worker/wasi/wasi.hpp"

namespace slack::worker {

struct Process {
  std::array<std::unique_ptr<Instance>, address_map::kSlots> instances;  // by slot
  std::array<AddressRange, address_map::kSlots> texts{};                 // their generated code
  // Whose code called the host last; its context has the exact fuel. Null before there is an instance.
  Instance* current = nullptr;
  AddressRange stack;                // the modules'
  AddressRange stack_guard;          // below it
  Fuel fuel_limit = kUnlimitedFuel;  // for generated code that checks for itself
  std::uint64_t memory_left = 0;     // bytes of linear memory that the run may still have, over all instances
  bool publishes = false;            // the host passes safepoints too
  wasi::Wasi* wasi = nullptr;
  Measurement measurement;
  std::optional<Nanos> cpu_at_go;  // of the CPU clock; none before Go
  wire::WorkerReport report{};     // how the run ended; filled by whoever ends it

  Instance* add(std::unique_ptr<Instance> instance);
  // The instance whose generated code `address` lies in, or null.
  [[nodiscard]] Instance* instance_at(std::uint64_t address) const;
  // From here on the host works for `instance`; the fuel goes over to its context.
  void turn_to(Instance& instance);
  // A host function returns to `address`: it works for the instance whose image that lies in.
  void note_caller(std::uint64_t address) {
    if (const auto slot = address_map::slot_of_code(address)) current = instances[*slot].get();
  }
};

// Constant-initialised, filled in by the child before generated code runs.
extern Process process;

// A safepoint of host code: publishes the exact fuel, where the image's metering does so; elsewhere it ends an
// interrupted run.
void host_safepoint();

// Ends the run from host code on the module's stack: fills the report and leaves generated code. The fuel is exact:
// generated code stored it before it called.
[[noreturn]] void end_run(const wasi::Ending& ending);
[[noreturn]] void end_by_trap(std::uint32_t trap, std::uint32_t function, std::uint32_t offset);

// Every host function begins with this, in its own frame: it works for the instance that called it, and traps (call
// stack exhausted) if too little of the module's stack is left. And a safepoint: straight-line code made of host calls
// alone must not hold off a stop.
[[gnu::always_inline]] inline void enter_host() {
  process.note_caller(reinterpret_cast<std::uint64_t>(__builtin_return_address(0)));
  const auto here = reinterpret_cast<std::uint64_t>(__builtin_frame_address(0));
  if (here < process.current->context->stack_limit) [[unlikely]]
    end_by_trap(static_cast<std::uint32_t>(Trap::call_stack_exhausted), wire::kUnknown, wire::kUnknown);
  host_safepoint();
}

}  // namespace slack::worker

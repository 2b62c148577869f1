// Process: the one instance that a worker runs, as host functions and signal handlers find it.
//
// A worker has one thread and one run; what C functions without a context argument must reach stands here.
#pragma once

#include <vector>

#include "daemon/base/context.hpp"
#include "daemon/base/worker_services.hpp"
#include "daemon/wire/trap.hpp"
#include "daemon/wire/worker_protocol.hpp"
#include "daemon/worker/backtrace.hpp"
#include "daemon/worker/image_file.hpp"
#include "daemon/worker/measure.hpp"
#include "daemon/worker/wasi/wasi.hpp"

namespace slack::worker {

struct TableStorage {
  std::uint32_t capacity = 0;          // elements for which address space is reserved
  std::uint64_t accessible_bytes = 0;  // made readable and writable so far
};

struct Process {
  ContextHead* context = nullptr;
  ContextLayout layout;
  const image::ImageHeader* header = nullptr;
  ImageBytes image;
  AddressRange text;         // generated code
  AddressRange stack;        // the module's
  AddressRange stack_guard;  // below it
  bool publishes = false;    // the host passes safepoints too
  std::vector<TableStorage> tables;
  std::vector<std::uint8_t> data_dropped;
  std::vector<std::uint8_t> elements_dropped;
  wasi::Wasi* wasi = nullptr;
  Measurement measurement;
  wire::WorkerReport report{};  // how the run ended; filled by whoever ends it

  [[nodiscard]] TableDescriptor& table(std::uint32_t index) const;
  [[nodiscard]] services::Value& global(std::uint32_t index) const;
  [[nodiscard]] GuestMemory memory() const;
};

// Constant-initialised, filled in by the child before generated code runs.
extern Process process;

// A safepoint of host code: publishes the exact fuel, where the image's metering does so.
void host_safepoint();

// Ends the run from host code on the module's stack: fills the report and leaves generated code. The fuel is exact:
// generated code stored it before it called.
[[noreturn]] void end_run(const wasi::Ending& ending);
[[noreturn]] void end_by_trap(std::uint32_t trap, std::uint32_t function, std::uint32_t offset);

// Every host function begins with this: call stack exhausted if too little of the module's stack is left. And a
// safepoint: straight-line code made of host calls alone must not hold off a stop.
inline void enter_host() {
  const auto here = reinterpret_cast<std::uint64_t>(__builtin_frame_address(0));
  if (here < process.context->stack_limit) [[unlikely]]
    end_by_trap(static_cast<std::uint32_t>(Trap::call_stack_exhausted), wire::kUnknown, wire::kUnknown);
  host_safepoint();
}

}  // namespace slack::worker

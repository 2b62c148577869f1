// SIGSEGV and SIGBUS: out of bounds memory access, call stack exhausted, or a crash.
#include "daemon/worker/fault_handler.hpp"

#include <signal.h>
#include <ucontext.h>

#include "daemon/worker/entry.hpp"
#include "daemon/worker/process.hpp"
#include "daemon/worker/safepoint.hpp"

namespace slack::worker {

volatile std::uint64_t copy_call_site = 0;

namespace {

// Of all slots.
constexpr AddressRange kMemory{address_map::kMemory, address_map::kMemoryEnd};

// The fuel is the last published figure: where in the block the fault struck, the counter's register is not known.
void trap_at(Trap trap, std::uint64_t pc, std::uint64_t frame_pointer) {
  wire::WorkerReport& report = process.report;
  report.end = wire::End::trapped;
  report.fuel = process.publishes ? published().count() : 0;
  report.trap = static_cast<std::uint32_t>(trap);
  report.function = wire::kUnknown;
  report.offset = wire::kUnknown;
  // As if the faulting instruction had been a call: readers of a backtrace look one byte before each entry.
  report.backtrace[0] = pc + 1;
  // The stack may end in code that belongs to no function, an adapter to a host function.
  const std::size_t own = process.instance_at(pc) != nullptr ? 1 : 0;
  report.frames = static_cast<std::uint32_t>(own) +
                  walk_frames(frame_pointer, process.stack, process.texts, std::span(report.backtrace).subspan(own));
  report.pc = report.frames != 0 ? report.backtrace[0] - 1 : pc;
  report.instance = address_map::slot_of_code(report.pc).value_or(0);
}

// Reset to the default action before it runs (SA_RESETHAND): returning from what it does not know repeats the fault,
// which then kills the worker.
void on_fault(int, siginfo_t* info, void* context) {
  if (info->si_code <= 0 || process.current == nullptr) return;  // sent by a process, or before there is code to run
  greg_t* const registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const auto pc = static_cast<std::uint64_t>(registers[REG_RIP]);
  const auto frame_pointer = static_cast<std::uint64_t>(registers[REG_RBP]);
  const auto address = reinterpret_cast<std::uint64_t>(info->si_addr);
  const bool generated = process.instance_at(pc) != nullptr;
  if (kMemory.contains(address) && (generated || copy_call_site != 0))
    trap_at(Trap::out_of_bounds_memory_access, generated ? pc : copy_call_site - 1, frame_pointer);
  else if (process.stack_guard.contains(address))
    trap_at(Trap::call_stack_exhausted, pc, frame_pointer);
  else
    return;
  registers[REG_RIP] = static_cast<greg_t>(reinterpret_cast<std::uint64_t>(&slack_leave));
}

}  // namespace

Expected<void> install_fault_handler() {
  struct sigaction action{};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND;
  for (const int signal : {SIGSEGV, SIGBUS})
    if (::sigaction(signal, &action, nullptr) < 0) return fail("sigaction");
  // A full pipe's end or a file's limit is an errno for the module, not the worker's death.
  action.sa_handler = SIG_IGN;
  action.sa_flags = 0;
  for (const int signal : {SIGPIPE, SIGXFSZ})
    if (::sigaction(signal, &action, nullptr) < 0) return fail("sigaction");
  return {};
}

}  // namespace slack::worker

// The worker's one instance, and the ways out of generated code.
#include "daemon/worker/process.hpp"

#include <cstring>

#include "daemon/worker/entry.hpp"
#include "daemon/worker/safepoint.hpp"

namespace slack::worker {

constinit Process process;

TableDescriptor& Process::table(std::uint32_t index) const {
  return *reinterpret_cast<TableDescriptor*>(reinterpret_cast<std::byte*>(context) + layout.table(index));
}

services::Value& Process::global(std::uint32_t index) const {
  return *reinterpret_cast<services::Value*>(reinterpret_cast<std::byte*>(context) + layout.global(index));
}

GuestMemory Process::memory() const {
  return GuestMemory({reinterpret_cast<std::byte*>(address_map::kMemory), context->memory_bytes});
}

void host_safepoint() {
  if (process.publishes) publish(Fuel(process.context->fuel));
}

void end_run(const wasi::Ending& ending) {
  wire::WorkerReport& report = process.report;
  report.end = ending.end;
  report.exit_code = ending.exit_code;
  report.fuel = process.context->fuel;
  report.text_bytes = static_cast<std::uint32_t>(std::min(std::strlen(ending.text), sizeof report.text));
  std::memcpy(report.text, ending.text, report.text_bytes);
  slack_leave();
}

void end_by_trap(std::uint32_t trap, std::uint32_t function, std::uint32_t offset) {
  wire::WorkerReport& report = process.report;
  report.end = wire::End::trapped;
  report.fuel = process.context->fuel;
  report.trap = trap;
  report.function = function;
  report.offset = offset;
  const auto frame = reinterpret_cast<std::uint64_t>(__builtin_frame_address(0));
  report.frames = walk_frames(frame, process.stack, process.text, report.backtrace);
  // Where no operator is known the innermost return address tells it: the call is the instruction before.
  if (offset == wire::kUnknown && report.frames != 0) report.pc = report.backtrace[0] - 1;
  slack_leave();
}

}  // namespace slack::worker

// The worker's run, and the ways out of generated code.
#include "daemon/worker/process.hpp"

#include <cstring>

#include "daemon/worker/entry.hpp"
#include "daemon/worker/safepoint.hpp"

namespace slack::worker {

constinit Process process;

Instance* Process::add(std::unique_ptr<Instance> instance) {
  auto& place = instances[instance->slot];
  texts[instance->slot] = instance->text;
  place = std::move(instance);
  return place.get();
}

Instance* Process::instance_at(std::uint64_t address) const {
  const auto slot = address_map::slot_of_code(address);
  if (!slot || !texts[*slot].contains(address)) return nullptr;
  return instances[*slot].get();
}

void Process::turn_to(Instance& instance) {
  if (current != nullptr) instance.context->fuel = current->context->fuel;
  current = &instance;
}

void host_safepoint() {
  const ContextHead& context = *process.current->context;
  if (process.publishes) return publish(Fuel(context.fuel));
  if (context.epoch >= context.epoch_deadline) [[unlikely]]
    end_by_trap(static_cast<std::uint32_t>(Trap::interrupt), wire::kUnknown, wire::kUnknown);
}

void end_run(const wasi::Ending& ending) {
  wire::WorkerReport& report = process.report;
  report.end = ending.end;
  report.exit_code = ending.exit_code;
  report.fuel = process.current->context->fuel;
  report.text_bytes = static_cast<std::uint32_t>(std::min(std::strlen(ending.text), sizeof report.text));
  std::memcpy(report.text, ending.text, report.text_bytes);
  slack_leave();
}

void end_by_trap(std::uint32_t trap, std::uint32_t function, std::uint32_t offset) {
  wire::WorkerReport& report = process.report;
  report.end = wire::End::trapped;
  report.fuel = process.current->context->fuel;
  report.trap = trap;
  report.instance = process.current->slot;
  report.function = function;
  report.offset = offset;
  const auto frame = reinterpret_cast<std::uint64_t>(__builtin_frame_address(0));
  report.frames = walk_frames(frame, process.stack, process.texts, report.backtrace);
  // Where no operator is known the innermost return address tells it: the call is the instruction before.
  if (offset == wire::kUnknown && report.frames != 0) {
    report.pc = report.backtrace[0] - 1;
    report.instance = address_map::slot_of_code(report.pc).value_or(report.instance);
  }
  slack_leave();
}

}  // namespace slack::worker

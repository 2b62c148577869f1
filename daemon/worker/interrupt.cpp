// Sets the epoch of every instance when slackd asks for it.
#include "daemon/worker/interrupt.hpp"

#include <signal.h>

#include <limits>

#include "daemon/wire/worker_protocol.hpp"
#include "daemon/worker/process.hpp"

namespace slack::worker {
namespace {

void on_interrupt(int) {
  for (const auto& instance : process.instances) {
    if (instance == nullptr) continue;
    instance->context->epoch = std::numeric_limits<std::uint64_t>::max();
  }
}

}  // namespace

Expected<void> install_interrupt_handler() {
  struct sigaction action{};
  action.sa_handler = on_interrupt;
  action.sa_flags = SA_ONSTACK;  // not SA_RESTART: the module is to come out of what it waits for
  if (::sigaction(wire::kInterruptSignal, &action, nullptr) < 0) return fail("sigaction");
  return {};
}

}  // namespace slack::worker

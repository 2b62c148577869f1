// The interrupt: how slackd ends a run whose code checks an epoch (metering `epoch`).
#pragma once

#include "daemon/base/fault.hpp"

namespace slack::worker {

// Installs the handler for wire::kInterruptSignal on the alternate signal stack. It has to stand before the first
// filter, and no module has a way to change it. Calls that it interrupts fail with EINTR.
[[nodiscard]] Expected<void> install_interrupt_handler();

}  // namespace slack::worker

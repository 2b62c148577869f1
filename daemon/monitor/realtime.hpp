// Real-time scheduling of the calling thread, with a guard against a fault of our own.
#pragma once

#include "daemon/base/fault.hpp"

namespace slack::monitor {

// SCHED_FIFO at a low priority, not inherited by children. A thread of it that does not sleep for half a second is
// ended by the kernel together with its process (RLIMIT_RTTIME): a fault of ours must not seize a core. A stricter
// limit that is in force already stays.
[[nodiscard]] Expected<void> make_this_thread_realtime();

}  // namespace slack::monitor

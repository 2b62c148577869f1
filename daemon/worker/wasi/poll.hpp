// How poll_oneoff's subscriptions turn into one ppoll, and its answers into events.
#pragma once

#include <time.h>

#include "daemon/worker/wasi/table.hpp"
#include "daemon/worker/wasi/wasi.hpp"

namespace slack::worker::wasi {

// Now, on the clocks that a subscription can name.
struct Now {
  std::uint64_t monotonic = 0;  // nanoseconds
  std::uint64_t realtime = 0;
};

// poll_oneoff, with subscriptions in the layout of either preview. EINVAL for no subscription, too many, or one that no
// preview knows: its type, its flags.
[[nodiscard]] Errno poll(Wasi& wasi, GuestMemory memory, Preview preview, U32 subscriptions, U32 events, U32 count,
                         U32 event_count);

// When a clock subscription is due, in nanoseconds of the monotonic clock; saturates instead of wrapping.
[[nodiscard]] Result<std::uint64_t> due_time(const Subscription& subscription, const Now& now);
// The wait until `due`; zero if it has passed.
[[nodiscard]] timespec wait_until(std::uint64_t due, std::uint64_t monotonic_now);
// The event for what ppoll answered about a descriptor; none if it is not ready. At least one byte can be moved, or the
// end is there: how much is not known without asking the device.
[[nodiscard]] std::optional<Event> event_of(const Subscription& subscription, short answered);

}  // namespace slack::worker::wasi

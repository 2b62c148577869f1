// How poll_oneoff's subscriptions turn into one ppoll, and its answers into events.
#pragma once

#include <time.h>

#include "daemon/worker/wasi/wasi.hpp"

namespace slack::worker::wasi {

// Now, on the clocks that a subscription can name.
struct Now {
  std::uint64_t monotonic = 0;  // nanoseconds
  std::uint64_t realtime = 0;
};

// When a clock subscription is due, in nanoseconds of the monotonic clock; saturates instead of wrapping.
[[nodiscard]] Result<std::uint64_t> due_time(const Subscription& subscription, const Now& now);
// The wait until `due`; zero if it has passed.
[[nodiscard]] timespec wait_until(std::uint64_t due, std::uint64_t monotonic_now);
// The event for what ppoll answered about a descriptor; none if it is not ready.
[[nodiscard]] std::optional<Event> event_of(const Subscription& subscription, short answered);

}  // namespace slack::worker::wasi

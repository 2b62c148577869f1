// The monotonic clock, from which every duration and deadline in slackd is taken, and a process's own CPU clock.
#pragma once

#include <time.h>

#include "daemon/base/units.hpp"

namespace slack {

[[nodiscard]] inline Nanos to_nanos(const timespec& time) {
  return Nanos(static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(time.tv_nsec));
}

[[nodiscard]] inline Nanos monotonic_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return to_nanos(now);
}

// CPU time of this process, exact: the kernel brings the clock of the thread that asks up to date.
[[nodiscard]] inline Nanos own_cpu_time() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return to_nanos(used);
}

}  // namespace slack

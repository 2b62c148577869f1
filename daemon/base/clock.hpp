// The monotonic clock; every duration and deadline in slackd is taken from it.
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

}  // namespace slack

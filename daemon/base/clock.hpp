// The monotonic clock; every duration and deadline in slackd is taken from it.
#pragma once

#include <time.h>

#include "daemon/base/units.hpp"

namespace slack {

[[nodiscard]] inline Nanos monotonic_now() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return Nanos(static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(t.tv_nsec));
}

}  // namespace slack

// Clocks and random numbers, real ones and those of deterministic runs.
#include <sched.h>
#include <sys/random.h>
#include <time.h>

#include <algorithm>
#include <array>

#include "daemon/base/clock.hpp"
#include "daemon/worker/wasi/wasi.hpp"

namespace slack::worker::wasi {
namespace {

// 2000-01-01T00:00:00Z; each call finds the clock one millisecond on.
constexpr std::uint64_t kDeterministicStart = 946'684'800'000'000'000;
constexpr std::uint64_t kDeterministicStep = 1'000'000;

std::optional<clockid_t> linux_clock(U32 clock) {
  static constexpr std::array<clockid_t, 4> kClocks{CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID,
                                                    CLOCK_THREAD_CPUTIME_ID};
  if (clock >= kClocks.size()) return std::nullopt;
  return kClocks[clock];
}

}  // namespace

Errno clock_res_get(Wasi& wasi, GuestMemory memory, U32 clock, U32 resolution) {
  const auto id = linux_clock(clock);
  if (!id) return Errno::inval;
  timespec time{};
  if (::clock_getres(*id, &time) < 0) return last_error();
  const std::uint64_t answer = wasi.settings.deterministic ? kDeterministicStep : to_nanos(time).count();
  return memory.store(resolution, answer) ? Errno::success : Errno::fault;
}

Errno clock_time_get(Wasi& wasi, GuestMemory memory, U32 clock, U64, U32 result) {
  const auto id = linux_clock(clock);
  if (!id) return Errno::inval;
  std::uint64_t answer = 0;
  if (wasi.settings.deterministic) {
    answer = kDeterministicStart + wasi.clock_calls++ * kDeterministicStep;
  } else {
    timespec time{};
    if (::clock_gettime(*id, &time) < 0) return last_error();
    answer = to_nanos(time).count();
  }
  return memory.store(result, answer) ? Errno::success : Errno::fault;
}

Errno random_get(Wasi& wasi, GuestMemory memory, U32 buffer, U32 length) {
  std::byte* to = memory.range(buffer, length);
  if (to == nullptr) return Errno::fault;
  for (std::uint64_t done = 0; done < length;) {
    if (done != 0) wasi.settings.safepoint();
    const std::uint64_t part = std::min(kRandomChunk, length - done);
    if (wasi.settings.deterministic) {
      wasi.random.fill({to + done, part});
      done += part;
      continue;
    }
    const ssize_t got = ::getrandom(to + done, part, 0);
    if (got < 0 && errno != EINTR) return last_error();
    if (got > 0) done += static_cast<std::uint64_t>(got);
  }
  return Errno::success;
}

Errno sched_yield(Wasi&, GuestMemory) { return ::sched_yield() == 0 ? Errno::success : last_error(); }

}  // namespace slack::worker::wasi

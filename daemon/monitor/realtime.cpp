// Sets the scheduling policy and RLIMIT_RTTIME.
#include "daemon/monitor/realtime.hpp"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>

namespace slack::monitor {
namespace {

// Above every ordinary thread, below the kernel's own (threaded interrupts are at 50).
constexpr int kPriority = 10;
// Microseconds without sleeping. The monitor sleeps at least every kLeastGap of look_plan.hpp.
constexpr rlim_t kGuardSoft = 500'000;
constexpr rlim_t kGuardHard = 1'000'000;

}  // namespace

Expected<void> make_this_thread_realtime() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_RTTIME, &limit) < 0) return fail("read RLIMIT_RTTIME");
  limit.rlim_max = std::min(limit.rlim_max, kGuardHard);
  limit.rlim_cur = std::min({limit.rlim_cur, limit.rlim_max, kGuardSoft});
  if (::setrlimit(RLIMIT_RTTIME, &limit) < 0) return fail("set RLIMIT_RTTIME");

  const sched_param param{.sched_priority = kPriority};
  if (::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param) < 0) {
    if (errno == EPERM) return fail("SCHED_FIFO takes CAP_SYS_NICE, or RLIMIT_RTPRIO of 10");
    return fail("set SCHED_FIFO");
  }
  return {};
}

}  // namespace slack::monitor

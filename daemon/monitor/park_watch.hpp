// ParkWatch: how long an armed run may take to reach a safepoint, as a pure function of what it does with the time.
//
// Three things can keep it from one. It burns CPU time without a safepoint: its budget, what is left of its slack, ends
// it. It sleeps in the kernel: it burns nothing and will not come by, so the second look that finds it where it was
// ends it, however long its slack. It waits for a core: it is given time, but not for ever, and next to none beyond its
// wall deadline.
#pragma once

#include "daemon/base/units.hpp"

namespace slack::monitor {

class ParkWatch {
 public:
  // A look at an armed run reads a file of /proc (15 µs); a run that is about to park does so within 20 µs.
  static constexpr Nanos kLookEvery{4'000'000};
  // Wall time for a run that waits for a core: more than the fair scheduler lets anyone wait with a dozen busy
  // processes to a core, and its budget twenty times over.
  static constexpr Nanos kLeastPatience{500'000'000};
  static constexpr std::uint64_t kBudgets = 20;
  // The same once the run's wall deadline has passed: what a core's turn comes round in with a handful of busy
  // processes, and little beside any deadline that is set in earnest.
  static constexpr Nanos kPastDeadline{20'000'000};

  // Armed at `now` (monotonic), with `cpu` used since Go and `budget` of CPU time to reach a safepoint. Whatever it was
  // armed for, its wall deadline (a point of the monotonic clock) cuts the waiting short.
  ParkWatch(Nanos now, Nanos cpu, Nanos budget, Nanos wall_deadline = Nanos::max());

  // When to look next.
  [[nodiscard]] Nanos due() const { return due_; }
  // One look: true when the run has had its time.
  [[nodiscard]] bool overdue(Nanos now, Nanos cpu, bool blocked);
  // Somebody else wants the run's end too: no more waiting than one look's time from now.
  void hurry(Nanos now);

 private:
  Nanos budget_;
  Nanos cpu_at_arm_;
  Nanos cpu_;  // at the latest look
  Nanos give_up_;
  Nanos due_;
};

}  // namespace slack::monitor

// LookPlan: when to look at a run's published fuel next, as a pure function of what the looks have shown.
//
// A look reads the page and the run's CPU clock; it stops nobody. What it must not miss: the run may burn no more than
// its slack of CPU time past its limit before it is parked. So half of the slack is the longest time between two looks
// (the other half is for reaching a safepoint), plus the time that even the fastest generated code needs to the limit.
// Within that, the rate of the run's fuel says how far the limit is: far from it the looks are that half slack apart,
// near it they close in geometrically, down to kLeastGap; and a run is trusted to go on as it did for no longer than it
// has gone on so. A worker that waits, for a core or for input, burns no fuel, and is looked at ever less often while
// it does. A run without a fuel limit is looked at only when a deadline may have passed.
//
// The rate is fuel by CPU time. But the CPU clock of another process that runs right now is as old as its last tick
// (thread_group_cputime in kernel/sched/cputime.c brings up to date only the caller's own): up to 10 ms at HZ=100. So
// it gives the rate over windows of many ticks; for shorter ones wall time stands in, which a run that has its core all
// to itself uses up just as fast.
#pragma once

#include <optional>

#include "daemon/base/units.hpp"

namespace slack::monitor {

// What one look saw. `cpu` is the run's CPU time, from zero at Go; never ahead, but up to a tick behind.
struct Sample {
  Nanos now;
  Nanos cpu;
  Fuel fuel;
};

class LookPlan {
 public:
  struct Limits {
    Fuel fuel = kUnlimitedFuel;
    Nanos slack{10'000'000};
    Nanos wall_deadline = Nanos::max();  // a point of the monotonic clock
    Nanos cpu = Nanos::max();            // CPU time from Go
  };

  // A look costs about 2 µs and waking for it 5 µs: closer looks would make the monitor a busy thread.
  static constexpr Nanos kLeastGap{50'000};
  // Fuel per nanosecond that no generated code exceeds: a strip of 1,024 iterations whose body folded to nothing, of 32
  // operators each, four strips a nanosecond (DESIGN: strip-mining). It only matters for limits that are days away.
  static constexpr double kHighestRate = 1024.0 * 32 * 4;
  // The rate may have doubled by the next look. A steeper rise costs latency, never the slack.
  static constexpr double kGrowth = 2;
  // An earlier, faster phase of the program fades by a quarter with each look.
  static constexpr double kFading = 3.0 / 4;
  // CPU time over which the CPU clock is good for a rate: at least two ticks at HZ=100, five at HZ=250.
  static constexpr Nanos kClockWindow{20'000'000};
  // Gaps from here on are cut to end on a common grid, so that many runs share one wake-up.
  static constexpr Nanos kGridFrom{400'000};

  LookPlan(const Limits& limits, Nanos go);

  // Takes a sample in and says when to look next: a point of the monotonic clock, Nanos::max() for never.
  [[nodiscard]] Nanos next(const Sample& sample);

  // Fuel per nanosecond of CPU time over the latest window; nullopt in a run's first window.
  [[nodiscard]] std::optional<double> rate() const { return clock_rate_; }
  // CPU time at the latest look that found the fuel within the limit.
  [[nodiscard]] Nanos cpu_within_limit() const { return cpu_within_limit_; }

 private:
  void measure(const Sample& sample);
  [[nodiscard]] Nanos fuel_gap(Fuel fuel) const;

  Limits limits_;
  Sample last_;      // the latest look
  Sample window_;    // where the current window of the CPU clock began
  Nanos active_;     // wall time in which looks saw the run get on
  double pace_ = 0;  // fuel per nanosecond of wall time, the highest of late
  std::optional<double> clock_rate_;
  Nanos idle_gap_ = kLeastGap;
  Nanos cpu_within_limit_;
};

}  // namespace slack::monitor

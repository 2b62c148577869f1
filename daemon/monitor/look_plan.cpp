// Computes the next look from the rate of fuel, the slack and the deadlines.
#include "daemon/monitor/look_plan.hpp"

#include <algorithm>
#include <bit>

namespace slack::monitor {
namespace {

// Decades; a double beyond it does not fit the integer.
constexpr double kFarNanos = 1e18;

Nanos nanos_of(double count) { return Nanos(static_cast<std::uint64_t>(std::clamp(count, 0.0, kFarNanos))); }

double per_nano(Fuel fuel, Nanos time) { return static_cast<double>(fuel.count()) / static_cast<double>(time.count()); }

// However long a run has waited, when it goes on it is seen within a tenth of its slack.
Nanos longest_idle_gap(Nanos slack) { return std::max(LookPlan::kLeastGap, Nanos(slack.count() / 10)); }

// `now + gap`, moved back to a multiple of a power of two no larger than a quarter of the gap.
Nanos on_grid(Nanos now, Nanos gap) {
  const Nanos when = now + gap;
  if (gap < LookPlan::kGridFrom || when == Nanos::max()) return when;
  const std::uint64_t grid = std::bit_floor(gap.count() / 4);
  return Nanos(when.count() / grid * grid);
}

}  // namespace

LookPlan::LookPlan(const Limits& limits, Nanos go)
    : limits_(limits), last_{go, Nanos(0), Fuel(0)}, window_{go, Nanos(0), Fuel(0)} {}

void LookPlan::measure(const Sample& sample) {
  const Nanos passed = sample.now - last_.now;
  if (sample.fuel == last_.fuel && sample.cpu == last_.cpu) {
    idle_gap_ = std::min(idle_gap_ + idle_gap_, longest_idle_gap(limits_.slack));
  } else {
    idle_gap_ = kLeastGap;
    active_ += passed;
    if (passed > Nanos(0)) pace_ = std::max(per_nano(sample.fuel - last_.fuel, passed), pace_ * kFading);
  }
  if (sample.cpu >= window_.cpu + kClockWindow) {
    clock_rate_ = per_nano(sample.fuel - window_.fuel, sample.cpu - window_.cpu);
    window_ = sample;
  }
  if (sample.fuel <= limits_.fuel) cpu_within_limit_ = sample.cpu;
  last_ = sample;
}

Nanos LookPlan::fuel_gap(Fuel fuel) const {
  const auto left = static_cast<double>((limits_.fuel - fuel).count());
  const double rate = kGrowth * std::max(pace_, clock_rate_.value_or(0));
  const double expected = rate > 0 ? left / rate : kFarNanos;
  const double longest = static_cast<double>(limits_.slack.count()) / 2 + left / kHighestRate;
  const auto experience = static_cast<double>(active_.count());
  return nanos_of(std::min({expected, longest, experience}));
}

Nanos LookPlan::next(const Sample& sample) {
  measure(sample);
  Nanos when = limits_.wall_deadline;
  if (limits_.fuel != kUnlimitedFuel)
    when = std::min(when, on_grid(sample.now, std::max(fuel_gap(sample.fuel), idle_gap_)));
  // One thread cannot use CPU time faster than time passes.
  if (limits_.cpu != Nanos::max()) when = std::min(when, sample.now + std::max(limits_.cpu - sample.cpu, idle_gap_));
  return when;
}

}  // namespace slack::monitor

// Decides about armed runs.
#include "daemon/monitor/park_watch.hpp"

#include <algorithm>

#include "daemon/monitor/look_plan.hpp"

namespace slack::monitor {
namespace {

Nanos next_look(Nanos left) { return std::clamp(left, LookPlan::kLeastGap, ParkWatch::kLookEvery); }

Nanos patience(Nanos budget) {
  const bool absurd = budget.count() > Nanos::max().count() / ParkWatch::kBudgets;
  return absurd ? Nanos::max() : std::max(ParkWatch::kLeastPatience, Nanos(budget.count() * ParkWatch::kBudgets));
}

}  // namespace

ParkWatch::ParkWatch(Nanos now, Nanos cpu, Nanos budget, Nanos wall_deadline)
    : budget_(budget),
      cpu_at_arm_(cpu),
      cpu_(cpu),
      give_up_(std::min(now + patience(budget), std::max(now, wall_deadline) + kPastDeadline)),
      due_(std::min(now + next_look(budget), give_up_)) {}

bool ParkWatch::overdue(Nanos now, Nanos cpu, bool blocked) {
  const Nanos used = cpu - cpu_at_arm_;
  if (used >= budget_ || now >= give_up_) return true;
  // The CPU clock of a run that sleeps is exact: it has not moved since the last look.
  if (blocked && cpu == cpu_) return true;
  cpu_ = cpu;
  due_ = std::min(now + next_look(budget_ - used), give_up_);
  return false;
}

void ParkWatch::hurry(Nanos now) {
  give_up_ = std::min(give_up_, now + kLookEvery);
  due_ = std::min(due_, give_up_);
}

}  // namespace slack::monitor

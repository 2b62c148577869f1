// The clocks and the outcome of a live run.
#include "daemon/monitor/live_run.hpp"

#include <algorithm>

namespace slack::monitor {

LiveRun::LiveRun(Assignment&& assignment, std::shared_ptr<const SafepointPage> its_page,
                 std::optional<bpf::Slot> its_slot)
    : id(assignment.id),
      limits(assignment.limits),
      process(assignment.pid, std::move(assignment.pidfd)),
      userfault(std::move(assignment.userfaultfd)),
      socket(std::move(assignment.socket)),
      image(std::move(assignment.image)),
      page(std::move(its_page)),
      slot(its_slot),
      state(fuel_limit(), limits.halt),
      plan(LookPlan::Limits{}, Nanos(0)) {}

void LiveRun::go(Nanos now) {
  went = now;
  cpu_at_go = process.cpu_time();  // up to date: it has slept since it said that it is prepared
  wall_deadline = now + to_nanos(limits.wall);
  // Nothing is to be seen on the page of a run that publishes its fuel at its end only.
  const Fuel watched = parks() ? fuel_limit() : kUnlimitedFuel;
  plan = LookPlan(LookPlan::Limits{watched, to_nanos(limits.slack), wall_deadline, to_nanos(limits.cpu)}, now);
}

Nanos LiveRun::cpu() const {
  if (ended) return cpu_at_end;
  return (death ? death->cpu : process.cpu_time()) - cpu_at_go;
}

// While the worker is still on its core, on its way into the wait for its end, the kernel's figure is up to a tick old:
// what the worker says is the later one then. More than the time that has passed it cannot have used. A report may have
// waited for this thread, and a deadline that passed meanwhile was kept; a worker that says so wrongly gains that wait.
void LiveRun::end(Nanos now, Nanos moment, Nanos used) {
  const Nanos seen = cpu();
  cpu_at_end = std::max(seen, std::min(used, now - went));
  ended = std::clamp(moment, went, now);
}

TimeSpent LiveRun::spent() const {
  return {ended.has_value() && *ended >= wall_deadline, ended.has_value() && cpu_at_end >= to_nanos(limits.cpu)};
}

Outcome LiveRun::outcome(Nanos now) const {
  const Conclusion& conclusion = *state.conclusion();
  Outcome outcome;
  outcome.id = id;
  outcome.verdict = conclusion.verdict;
  outcome.reason = conclusion.reason;
  outcome.report = report;
  if (limits.counts) {
    outcome.fuel = conclusion.fuel;
    outcome.fuel_exact = conclusion.fuel_exact;
  }
  if (conclusion.parked && conclusion.fuel > limits.fuel) {
    // A parked run's CPU clock is up to date: in a short run the average of its life does for the rate.
    const auto life = static_cast<double>(cpu().count());
    const double rate = plan.rate().value_or(life > 0 ? static_cast<double>(conclusion.fuel.count()) / life : 0);
    if (rate > 0) {
      const double over = static_cast<double>((conclusion.fuel - limits.fuel).count());
      // A taken-over worker's figure may be absurd; a double beyond the integer's range has no conversion.
      constexpr double kMostMicros = 1e15;
      outcome.stop_latency = Micros(static_cast<std::uint64_t>(std::min(over / rate / 1000, kMostMicros)));
    }
  }
  outcome.looks = looks;
  outcome.arms = arms;
  outcome.run_time = to_micros(ended.value_or(now) - went);
  outcome.cpu_time = to_micros(cpu());
  outcome.peak_memory = peak_memory();
  return outcome;
}

}  // namespace slack::monitor

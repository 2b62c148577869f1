// LiveRun: the monitor thread's record of one run, from its adoption until its worker is reaped.
#pragma once

#include <memory>
#include <optional>

#include "daemon/monitor/ending.hpp"
#include "daemon/monitor/look_plan.hpp"
#include "daemon/monitor/monitor.hpp"
#include "daemon/monitor/park_watch.hpp"
#include "daemon/monitor/safepoint_page.hpp"
#include "daemon/monitor/safepoint_state.hpp"
#include "daemon/monitor/userfault.hpp"
#include "daemon/monitor/worker_process.hpp"
#include "kmod-free-bpf/safepoint_probe.hpp"

namespace slack::monitor {

struct LiveRun {
  LiveRun(Assignment&& assignment, std::shared_ptr<const SafepointPage> its_page, std::optional<bpf::Slot> its_slot);

  // Its code publishes fuel as it runs and can be parked.
  [[nodiscard]] bool parks() const { return limits.halt == Halt::park; }
  // Published fuel; 0 for a run that counts none.
  [[nodiscard]] Fuel published() const { return limits.counts ? page->published() : Fuel(0); }
  // CPU time since Go, and peak memory: the kernel's last word if the worker has been reaped.
  [[nodiscard]] Nanos cpu() const;
  [[nodiscard]] Bytes peak_memory() const { return death ? death->peak_memory : process.peak_memory(); }
  [[nodiscard]] Fuel fuel_limit() const { return limits.counts ? limits.fuel : kUnlimitedFuel; }

  // Starts the clocks.
  void go(Nanos now);
  // Stops them: the worker's report is here. `moment` and `used`: when it says that it was sent, monotonic, and the CPU
  // time that it says to have used by then. They are believed as far as they can be true.
  void end(Nanos now, Nanos moment, Nanos used);
  // By clocks that stand still, and so by the figures of the outcome.
  [[nodiscard]] TimeSpent spent() const;
  // The outcome of a concluded run. Ask before the kill: what it used is read from the living process.
  [[nodiscard]] Outcome outcome(Nanos now) const;

  RunId id;
  RunLimits limits;
  WorkerProcess process;
  Userfault userfault;
  Fd socket;
  std::shared_ptr<const image::ImageView> image;
  std::shared_ptr<const SafepointPage> page;
  std::optional<bpf::Slot> slot;

  SafepointState state;
  LookPlan plan;
  Nanos went;  // the moment of Go, monotonic
  Nanos cpu_at_go;
  Nanos wall_deadline = Nanos::max();
  // At the worker's report.
  std::optional<Nanos> ended;  // monotonic
  Nanos cpu_at_end;            // since Go
  std::uint64_t looks = 0;
  std::uint64_t arms = 0;
  std::optional<wire::WorkerReport> report;
  std::optional<ProcessEnd> death;
  std::optional<ParkWatch> park;
  int empty_events = 0;  // uffd wake-ups of this arming that brought nothing
  // Its pidfd was readable: nothing is left but to reap it.
  bool dead = false;
  // The worker closed its socket: when to stop waiting for its death.
  std::optional<Nanos> hangup_due;
  // Polls in place in the ring.
  bool socket_polled = false;
  bool userfault_polled = false;
};

}  // namespace slack::monitor

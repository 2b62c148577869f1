// Ending: how a worker's end reads as a cause: its own report, or the manner of its death.
//
// Everything here comes from a worker that may have been taken over. It can spoil the figures of its own run, and
// nothing else: sizes are checked, counts are clamped, numbers out of range have a name.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "daemon/base/units.hpp"
#include "daemon/monitor/safepoint_state.hpp"
#include "daemon/wire/worker_protocol.hpp"

namespace slack::monitor {

// Which of its deadlines a run has passed.
struct TimeSpent {
  bool wall = false;
  bool cpu = false;
};

struct Testimony {
  Cause cause;
  std::optional<wire::WorkerReport> report;  // absent: the message was no report
  std::optional<Fuel> fuel;
  bool fuel_exact = false;
};

// A datagram of a running worker. Anything but a WorkerReport is a worker gone wrong: crashed.
[[nodiscard]] Testimony read_testimony(std::span<const std::byte> message);

// What a run's own end comes to if its time was over by then: the deadline, as though the look that was due had come in
// time. How a worker went wrong stays worth telling.
[[nodiscard]] Cause in_time(Cause told, TimeSpent spent);

// A death without a report. `code` and `status` are siginfo_t's of waitid (CLD_EXITED, CLD_KILLED, …; 0: not known).
// `cpu_spent`: the CPU deadline had passed; RLIMIT_CPU, its backstop, ends a pid 1 by SIGKILL.
[[nodiscard]] Cause name_death(int code, int status, bool cpu_spent);

}  // namespace slack::monitor

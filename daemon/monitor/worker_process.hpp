// WorkerProcess: what the monitor asks the kernel about one worker, and how it kills and reaps it.
#pragma once

#include <sys/types.h>

#include <optional>

#include "daemon/base/fd.hpp"
#include "daemon/base/process_end.hpp"
#include "daemon/base/units.hpp"

namespace slack::monitor {

class WorkerProcess {
 public:
  // A child of this process (the zygote clones with CLONE_PARENT). The pid stays its own until reap().
  WorkerProcess(pid_t pid, Fd pidfd);

  // CPU time since the process began. Exact for one that sleeps or is dead; of one that runs, as old as its last tick.
  [[nodiscard]] Nanos cpu_time() const;
  // Peak resident set (VmHWM); 0 once the process has let go of its memory.
  [[nodiscard]] Bytes peak_memory() const;
  // It sleeps in a system call, is stopped, or dead. False: it runs, waits for a core, or for a disk.
  [[nodiscard]] bool is_blocked() const;

  void kill() const;
  // Sends wire::kInterruptSignal.
  void interrupt() const;
  // The death, if there is one to reap; nullopt: it lives, or has been reaped before.
  [[nodiscard]] std::optional<ProcessEnd> reap();
  // Kills it and waits for the end. A process that the kernel cannot end (stuck in a driver) is left after `patience`.
  void kill_and_reap(Micros patience);

  [[nodiscard]] int pidfd() const { return pidfd_.get(); }

 private:
  pid_t pid_;
  Fd pidfd_;
  clockid_t cpu_clock_;
  bool reaped_ = false;
};

}  // namespace slack::monitor

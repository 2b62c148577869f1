// ProcessEnd: how a child process ended and what it used; the one place that reaps by pidfd.
#pragma once

#include <optional>

#include "daemon/base/units.hpp"

namespace slack {

struct ProcessEnd {
  int code = 0;    // siginfo_t.si_code of waitid (CLD_EXITED, CLD_KILLED, …); 0: somebody else took the status
  int status = 0;  // exit status or signal
  Nanos cpu;       // of the process's whole life, user and system
  Bytes peak_memory;
};

// Reaps the child behind `pidfd` if it has ended, without waiting. nullopt: it lives, or it cannot be asked now. A
// child that is nobody's to wait for any more ends with code 0.
[[nodiscard]] std::optional<ProcessEnd> reap_process(int pidfd);

}  // namespace slack

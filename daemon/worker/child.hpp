// The life of a worker, from its confinement to its report.
#pragma once

#include "daemon/sandbox/policy/seccomp.hpp"
#include "daemon/sandbox/policy/zygote_server.hpp"

namespace slack::worker {

// Compiled by the zygote, once.
struct Filters {
  sandbox::FilterProgram setup;
  sandbox::FilterProgram run;
};
[[nodiscard]] Expected<Filters> compile_filters();

// Before the first child: keeps the heap from needing the kernel while a module runs.
void prepare_heap();

// The exit status of the process: 0 once a report was sent, 1 if the daemon was gone.
[[nodiscard]] int live(sandbox::Confined confined, const Filters& filters);

}  // namespace slack::worker

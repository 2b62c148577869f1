// The inside of a zygote: a prewarmed process that forks one confined child for each request of the daemon.
//
// The mains of slack-worker and slack-compile call serve(); everything a child needs (libraries, seccomp programs) is
// ready before the first request, so that a child costs a clone and its namespaces.
#pragma once

#include <functional>

#include "daemon/base/fd.hpp"
#include "daemon/wire/zygote_protocol.hpp"

namespace slack::sandbox {

// What a child finds when its main begins: it is pid 1 in its own namespaces, in an empty root, with the request's
// rlimits, without capabilities, not dumpable, no_new_privs, PR_SET_MDWE where the kernel has it (a mapping that is to
// be executable must be made so) and PR_SET_PDEATHSIG=SIGKILL; no seccomp filter yet. A compiler is under Landlock
// already, a worker calls restrict_paths (landlock.hpp) when it has got its directories. Descriptors 0, 1 and 2 are
// /dev/null; no other is open but these.
struct Confined {
  Fd socket;     // 3: its own socket to the daemon
  Fd safepoint;  // 4, worker only: the memfd of the safepoint page
  wire::SpawnRequest request;
};

// Introduces itself, lets `warm_up` load what is slow, and then serves spawn requests on `control` (kZygoteControl)
// until the daemon closes it, then returns an exit status. Where the zygote itself cannot be confined it tells the
// daemon why and returns 1. Never returns in a child: the child exits with what `child_main` returns, without running
// destructors or exit handlers. Call it single-threaded.
[[nodiscard]] int serve(Fd control, const std::function<int(Confined)>& child_main,
                        const std::function<void()>& warm_up = {});

}  // namespace slack::sandbox

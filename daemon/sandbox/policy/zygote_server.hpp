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
// rlimits, no_new_privs and PR_SET_PDEATHSIG=SIGKILL; no seccomp filter yet; no descriptor open but these.
struct Confined {
  Fd socket;     // its own socket to the daemon
  Fd safepoint;  // worker only: the memfd of the safepoint page
  wire::SpawnRequest request;
};

// Serves spawn requests on `control` until the daemon closes it, then returns an exit status. Never returns in a child:
// the child exits with what `child_main` returns.
[[nodiscard]] int serve(Fd control, const std::function<int(Confined)>& child_main);

}  // namespace slack::sandbox

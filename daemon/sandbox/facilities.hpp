// Facilities: what this machine offers slackd, found out once at start, and what is used instead where it is lacking.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/fault.hpp"
#include "daemon/sandbox/identity.hpp"

namespace slack::sandbox {

// One line of `slackctl status`.
struct Facility {
  std::string
      name;  // "namespaces", "userfaultfd", "landlock", "cgroup", "idmapped mounts", "openat2", "worker user", …
  bool available = false;
  std::string in_use;  // what is in use, or what is used instead and why
};

struct Facilities {
  bool privileged = false;       // CAP_SYS_ADMIN in the initial user namespace
  bool userfaultfd = false;      // user-mode only, write-protect on shared memory: without it slackd does not start
  bool user_namespaces = false;  // without them slackd does not start
  int landlock_abi = 0;          // 0: none
  bool idmapped_mounts = false;
  bool openat2 = false;  // without it no directory is handed in: a worker has no other call to open a file with
  bool mseal = false;
  bool realtime = false;  // SCHED_FIFO for the monitor
  enum class Cgroup { none, v1, v2 } cgroup = Cgroup::none;
  // Below these a daemon's groups are made: its own group in the one hierarchy of v2; in those of memory and pids on
  // v1.
  std::vector<std::string> cgroup_parents;
  // What zygotes and their children run as; a fault is in `reasons`.
  std::optional<Identity> children;
  // Why what is lacking is lacking: name as in Facility, text of the fault.
  std::map<std::string, std::string> reasons;
};

// Never fails: what cannot be probed is not available. The monitor adds what it alone knows (BPF). Call it once, at
// start, from the only thread: on cgroup v2 it moves slackd to a leaf of its delegated subtree, and it removes the
// groups that a slackd which was killed has left behind.
[[nodiscard]] Facilities probe_facilities();
[[nodiscard]] std::vector<Facility> describe(const Facilities& facilities);

}  // namespace slack::sandbox

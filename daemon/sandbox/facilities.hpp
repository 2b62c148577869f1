// Facilities: what this machine offers slackd, found out once at start, and what is used instead where it is lacking.
#pragma once

#include <string>
#include <vector>

#include "daemon/base/fault.hpp"

namespace slack::sandbox {

// One line of `slackctl status`.
struct Facility {
  std::string name;  // "bpf", "cgroup", "landlock", "namespaces", "userfaultfd", "idmapped mounts", "mseal", "fifo", …
  bool available = false;
  std::string in_use;  // what is in use, or what is used instead and why
};

struct Facilities {
  bool privileged = false;       // CAP_SYS_ADMIN in the initial user namespace
  bool userfaultfd = false;      // user-mode only, write-protect on shared memory: without it slackd does not start
  bool user_namespaces = false;  // without them slackd does not start
  bool landlock = false;
  bool idmapped_mounts = false;
  bool mseal = false;
  bool realtime = false;  // SCHED_FIFO for the monitor
  enum class Cgroup { none, v1, v2 } cgroup = Cgroup::none;
  std::string cgroup_path;  // delegated subtree (v2), or the parent to create groups under (v1)
};

// Never fails: what cannot be probed is not available. The monitor adds what it alone knows (BPF).
[[nodiscard]] Facilities probe_facilities();
[[nodiscard]] std::vector<Facility> describe(const Facilities& facilities);

}  // namespace slack::sandbox

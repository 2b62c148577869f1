// Facilities: puts the probes together and words their outcome for `slackctl status`.
#include "daemon/sandbox/facilities.hpp"

#include <fcntl.h>
#include <linux/capability.h>

#include "daemon/base/fd.hpp"
#include "daemon/sandbox/cgroup_tree.hpp"
#include "daemon/sandbox/facility_probes.hpp"
#include "daemon/sandbox/policy/capabilities.hpp"
#include "daemon/sandbox/policy/landlock.hpp"
#include "daemon/sandbox/policy/user_namespace.hpp"

namespace slack::sandbox {
namespace {

bool is_privileged() {
  const Fd proc(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!proc.valid()) return false;
  return in_initial_user_namespace(proc.get()).value_or(false) && has_capability(CAP_SYS_ADMIN);
}

std::string reason(const Facilities& facilities, const std::string& name) {
  const auto found = facilities.reasons.find(name);
  return found == facilities.reasons.end() ? "not available" : found->second;
}

std::string joined(const std::vector<std::string>& paths) {
  std::string text;
  for (const std::string& path : paths) text += (text.empty() ? "" : ", ") + path;
  return text;
}

Facility describe_cgroup(const Facilities& facilities) {
  switch (facilities.cgroup) {
    case Facilities::Cgroup::v2:
      return {"cgroup", true, "v2, a group for each child below " + joined(facilities.cgroup_parents)};
    case Facilities::Cgroup::v1:
      return {"cgroup", true, "v1, memory and pids, a group for each child below " + joined(facilities.cgroup_parents)};
    case Facilities::Cgroup::none:
      break;
  }
  return {"cgroup", false, "rlimits alone bound a child: no memory and pids controllers are delegated to slackd"};
}

Facility describe_directories(const Facilities& facilities) {
  if (facilities.idmapped_mounts)
    return {"idmapped mounts", true, "a client's directory is used as its client, through a detached mount"};
  if (!facilities.privileged)
    return {"idmapped mounts", false, "not needed: workers have slackd's own uid; directories are detached mounts"};
  return {"idmapped mounts", false,
          "a run has the access to a directory that everybody has (" + reason(facilities, "idmapped mounts") + ")"};
}

Facility describe_worker_user(const Facilities& facilities) {
  constexpr char kName[] = "worker user";
  if (!facilities.children) return {kName, false, "slackd cannot start a child: " + reason(facilities, kName)};
  const Identity& children = *facilities.children;
  const std::string uid = "uid " + std::to_string(children.uid);
  if (!children.changes)
    return {kName, true, "slackd's own user, " + uid + ": workers have no more rights than their client, nor less"};
  if (children.uid != kNobody) return {kName, true, std::string(kWorkerUser) + ", " + uid};
  return {kName, false,
          "nobody, " + uid + ", which other processes of this machine may run as; the user " + kWorkerUser +
              " would be used if there were one (systemd-sysusers makes it)"};
}

}  // namespace

Facilities probe_facilities() {
  Facilities found;
  const auto note = [&found](const char* name, const Expected<void>& outcome) {
    if (!outcome) found.reasons.emplace(name, outcome.error().what);
    return outcome.has_value();
  };
  found.privileged = is_privileged();
  found.user_namespaces = note("namespaces", probe_user_namespaces());
  found.userfaultfd = note("userfaultfd", probe_userfaultfd());
  found.mseal = note("mseal", probe_mseal());
  found.realtime = note("fifo", probe_realtime());
  found.landlock_abi = landlock_abi();
  found.openat2 = note("openat2", probe_openat2());
  if (auto children = identity_for_children())
    found.children = *children;
  else
    found.reasons.emplace("worker user", children.error().what);
  if (found.privileged) found.idmapped_mounts = note("idmapped mounts", probe_idmapped_mounts());
  const CgroupTree tree = claim_cgroup_tree();
  remove_leftover_groups(tree);
  found.cgroup = tree.version;
  found.cgroup_parents = tree.parents;
  return found;
}

std::vector<Facility> describe(const Facilities& facilities) {
  const bool landlock = facilities.landlock_abi > 0;
  return {
      {"namespaces", facilities.user_namespaces,
       facilities.user_namespaces ? "user, pid, mount, ipc and uts for each child, an empty network for each zygote"
                                  : "slackd cannot run without: " + reason(facilities, "namespaces")},
      {"userfaultfd", facilities.userfaultfd,
       facilities.userfaultfd ? "user-mode faults, write-protection of the safepoint page"
                              : "slackd cannot run without: " + reason(facilities, "userfaultfd")},
      {"landlock", landlock,
       landlock
           ? "ABI " + std::to_string(facilities.landlock_abi) + ": paths outside the directories handed in are closed"
           : "mount namespaces and detached mounts alone close paths"},
      describe_cgroup(facilities),
      describe_directories(facilities),
      {"openat2", facilities.openat2,
       facilities.openat2 ? "workers open files strictly below the directories handed in"
                          : "no directory can be handed in: " + reason(facilities, "openat2")},
      describe_worker_user(facilities),
      {"mseal", facilities.mseal,
       facilities.mseal ? "a worker's safepoint mapping is sealed"
                        : "the seccomp filter alone keeps a worker's mappings in place"},
      {"fifo", facilities.realtime,
       facilities.realtime ? "the monitor may run SCHED_FIFO"
                           : "SCHED_OTHER: stops come later on a busy machine (" + reason(facilities, "fifo") + ")"},
  };
}

}  // namespace slack::sandbox

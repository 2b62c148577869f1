// CgroupTree: where in the control-group hierarchies slackd may make groups, found from what the kernel tells of it.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "daemon/sandbox/facilities.hpp"

namespace slack::sandbox {

struct CgroupTree {
  Facilities::Cgroup version = Facilities::Cgroup::none;
  std::vector<std::string> parents;  // as Facilities::cgroup_parents
};

// Pure: the process's own groups as directories, from the texts of /proc/self/cgroup and /proc/self/mountinfo; v1 if
// that is where the memory and pids controllers are, else v2.
[[nodiscard]] CgroupTree find_own_groups(std::string_view self_cgroup, std::string_view mountinfo);

// The same for this process, as far as it may really make groups there with memory and pids controllers. On v2 it
// moves the process to a leaf of its group first, because only a group without processes hands controllers on.
[[nodiscard]] CgroupTree claim_cgroup_tree();

// The name of the group, below each parent, that holds all groups of the slackd process `pid`. It tells a dead daemon's
// group from a living one's even if its pid is in use again. Empty if there is no such process.
[[nodiscard]] std::string daemon_group_name(pid_t pid);

// Ends whatever is left in groups of daemons that are no more, and removes them.
void remove_leftover_groups(const CgroupTree& tree);

// Removes one group; waits a little for the kernel to let go of a process that has just been reaped.
bool remove_group(const std::string& path);

// Writes a control file of a group.
[[nodiscard]] Expected<void> write_control(const std::string& path, std::string_view text);

}  // namespace slack::sandbox

// ChildGroup: the control group of one child, where the machine lets slackd have any.
#include "daemon/sandbox/child_group.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "daemon/base/fd.hpp"
#include "daemon/sandbox/cgroup_tree.hpp"

namespace slack::sandbox {
namespace {

struct Control {
  const char* file;
  std::string value;
  bool required;  // false: only where the kernel has the file (swap may be configured out)
};

std::vector<Control> controls(Facilities::Cgroup version, Bytes memory, std::uint32_t threads) {
  const bool unlimited = memory == Bytes::max();
  if (version == Facilities::Cgroup::v2)
    return {{"memory.max", unlimited ? "max" : std::to_string(memory.count()), true},
            {"memory.swap.max", "0", false},
            {"pids.max", std::to_string(threads), true}};
  return {{"memory.limit_in_bytes", unlimited ? "-1" : std::to_string(memory.count()), true},
          {"memory.swappiness", "0", false},
          {"pids.max", std::to_string(threads), true}};
}

Expected<void> make_group(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) < 0 && errno != EEXIST) return fail("make control group " + path);
  return {};
}

// v1 has each controller in a hierarchy of its own (or both in one): a control belongs where its file is.
Expected<void> set_controls(const std::vector<std::string>& groups, const std::vector<Control>& wanted) {
  for (const Control& control : wanted) {
    bool set = false;
    for (const std::string& group : groups) {
      const std::string file = group + "/" + control.file;
      if (::access(file.c_str(), F_OK) != 0) continue;
      auto written = write_control(file, control.value);
      if (!written && control.required) return written;
      set = true;
    }
    if (!set && control.required) return fail("control file " + std::string(control.file), ENOENT);
  }
  return {};
}

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

}  // namespace

Expected<ChildGroup> ChildGroup::create(const Facilities& facilities, const std::string& name, pid_t child,
                                        Bytes memory, std::uint32_t threads) {
  auto group = prepare(facilities, name, memory, threads);
  if (!group) return group;
  if (auto taken = group->take_in(child); !taken) return fail(taken.error());
  return group;
}

Expected<void> ChildGroup::take_in(pid_t child) const {
  for (const std::string& path : paths_)
    if (auto moved = write_control(path + "/cgroup.procs", std::to_string(child)); !moved) return moved;
  return {};
}

Expected<ChildGroup> ChildGroup::prepare(const Facilities& facilities, const std::string& name, Bytes memory,
                                         std::uint32_t threads) {
  ChildGroup group;
  if (facilities.cgroup == Facilities::Cgroup::none) return group;
  // Read once: it is the same as long as this process lives (a test's child is another).
  static std::pair<pid_t, std::string> known;
  if (known.first != ::getpid()) known = {::getpid(), daemon_group_name(::getpid())};
  const std::string& daemon = known.second;
  if (daemon.empty()) return fail("read the daemon's own start time", ENOENT);
  for (const std::string& parent : facilities.cgroup_parents) {
    // Made anew for each child, if need be: when slackd is idle nothing of it is left.
    const std::string all = parent + "/" + daemon;
    if (auto made = make_group(all); !made) return fail(made.error());
    group.paths_.push_back(all + "/" + name);
    if (facilities.cgroup == Facilities::Cgroup::v2)
      if (auto done = write_control(all + "/cgroup.subtree_control", "+memory +pids"); !done) return fail(done.error());
    if (auto made = make_group(group.paths_.back()); !made) return fail(made.error());
  }
  if (auto set = set_controls(group.paths_, controls(facilities.cgroup, memory, threads)); !set)
    return fail(set.error());
  return group;
}

bool ChildGroup::out_of_memory() const {
  for (const std::string& path : paths_)
    for (const char* name : {"/memory.events", "/memory.oom_control"}) {
      const Fd file(::open((path + name).c_str(), O_RDONLY | O_CLOEXEC));
      char text[512] = {};
      if (!file.valid() || ::read(file.get(), text, sizeof text - 1) <= 0) continue;
      const char* line = std::strstr(text, "oom_kill ");
      if (line != nullptr && line[std::strlen("oom_kill ")] != '0') return true;
    }
  return false;
}

void ChildGroup::remove() {
  for (const std::string& path : paths_) {
    remove_group(path);
    ::rmdir(parent_of(path).c_str());  // fails as long as there are other children
  }
  paths_.clear();
}

ChildGroup::ChildGroup(ChildGroup&& other) noexcept : paths_(std::exchange(other.paths_, {})) {}

ChildGroup& ChildGroup::operator=(ChildGroup&& other) noexcept {
  if (this == &other) return *this;
  remove();
  paths_ = std::exchange(other.paths_, {});
  return *this;
}

ChildGroup::~ChildGroup() { remove(); }

}  // namespace slack::sandbox

// CgroupTree: where in the control-group hierarchies slackd may make groups, found from what the kernel tells of it.
#include "daemon/sandbox/cgroup_tree.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <sstream>

#include "daemon/base/fd.hpp"

namespace slack::sandbox {
namespace {

constexpr std::string_view kGroupPrefix = "slackd.";
constexpr std::string_view kLeaf = "slackd-main";

std::string read_file(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  char part[4096];
  for (ssize_t n = 0; file.valid() && (n = ::read(file.get(), part, sizeof part)) > 0;)
    text.append(part, static_cast<std::size_t>(n));
  return text;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream{std::string(text)};
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

bool has_word(std::string_view list, char separator, std::string_view word) {
  for (const std::string& part : split(list, separator))
    if (part == word) return true;
  return false;
}

struct Mount {
  std::string root, point, options;
};

// Mounts of control-group hierarchies, by controller; "" stands for the one hierarchy of v2. Fields as in
// proc_pid_mountinfo(5): "36 35 0:30 ROOT POINT rw shared:9 - TYPE SOURCE OPTIONS".
std::map<std::string, Mount> hierarchies(std::string_view mountinfo) {
  std::map<std::string, Mount> found;
  for (const std::string& line : split(mountinfo, '\n')) {
    const auto separator = line.find(" - ");
    if (separator == std::string::npos) continue;
    const auto head = split(line.substr(0, separator), ' ');
    const auto tail = split(line.substr(separator + 3), ' ');
    if (head.size() < 5 || tail.size() < 3) continue;
    const Mount mount{head[3], head[4], tail[2]};
    if (tail[0] == "cgroup2") found.try_emplace("", mount);
    if (tail[0] != "cgroup") continue;
    for (const char* controller : {"memory", "pids"})
      if (has_word(mount.options, ',', controller)) found.try_emplace(controller, mount);
  }
  return found;
}

// The directory of group `path` in a hierarchy that is mounted from `root` on; nothing if it lies outside.
std::optional<std::string> directory_of(const Mount& mount, const std::string& path) {
  if (path.starts_with("/..")) return std::nullopt;
  if (mount.root == "/") return mount.point + (path == "/" ? "" : path);
  if (path == mount.root) return mount.point;
  if (path.starts_with(mount.root + "/")) return mount.point + path.substr(mount.root.size());
  return std::nullopt;
}

bool can_make_groups(const std::string& parent) {
  const std::string probe = parent + "/" + std::string(kGroupPrefix) + "probe." + std::to_string(::getpid());
  if (::mkdir(probe.c_str(), 0755) < 0) return false;
  return remove_group(probe);
}

// True if the group is ours to arrange: systemd says so (Delegate=, recorded as an attribute), or nobody else is in it.
bool is_delegated(const std::string& group) {
  for (const char* attribute : {"trusted.delegate", "user.delegate"}) {
    char value[2] = {};
    if (::getxattr(group.c_str(), attribute, value, sizeof value) == 1 && value[0] == '1') return true;
  }
  return read_file(group + "/cgroup.procs") == std::to_string(::getpid()) + "\n";
}

bool claim_v2(const std::string& group) {
  const std::string offered = read_file(group + "/cgroup.controllers");
  std::string trimmed = offered.substr(0, offered.find('\n'));
  if (!has_word(trimmed, ' ', "memory") || !has_word(trimmed, ' ', "pids") || !is_delegated(group)) return false;
  const std::string leaf = group + "/" + std::string(kLeaf);
  if (::mkdir(leaf.c_str(), 0755) < 0 && errno != EEXIST) return false;
  if (!write_control(leaf + "/cgroup.procs", "0")) {
    remove_group(leaf);
    return false;
  }
  if (write_control(group + "/cgroup.subtree_control", "+memory +pids")) return true;
  // Other processes in the group, most likely: back to where we were.
  (void)write_control(group + "/cgroup.procs", "0").has_value();
  remove_group(leaf);
  return false;
}

// Field 22 of /proc/PID/stat, counted after the name, which may hold anything (proc_pid_stat(5)).
std::string start_time(pid_t pid) {
  const std::string text = read_file("/proc/" + std::to_string(pid) + "/stat");
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  const auto fields = split(text.substr(name_end + 2), ' ');
  return fields.size() > 19 ? fields[19] : std::string();
}

std::vector<std::string> subgroups(const std::string& group) {
  std::vector<std::string> found;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(group, error), end; !error && entry != end; entry.increment(error))
    if (entry->is_directory(error)) found.push_back(entry->path().string());
  return found;
}

void end_group(const std::string& group) {
  for (const std::string& inner : subgroups(group)) end_group(inner);
  for (const std::string& pid : split(read_file(group + "/cgroup.procs"), '\n'))
    if (const int number = std::atoi(pid.c_str()); number > 0) ::kill(number, SIGKILL);
  remove_group(group);
}

}  // namespace

CgroupTree find_own_groups(std::string_view self_cgroup, std::string_view mountinfo) {
  const auto mounts = hierarchies(mountinfo);
  std::map<std::string, std::string> own;  // controller → directory
  for (const std::string& line : split(self_cgroup, '\n')) {
    // "4:memory:/path", and "0::/path" for v2 (cgroups(7)).
    const auto first = line.find(':');
    const auto second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    for (const auto& [controller, mount] : mounts) {
      if (controller.empty() ? !controllers.empty() : !has_word(controllers, ',', controller)) continue;
      if (auto directory = directory_of(mount, line.substr(second + 1))) own[controller] = *directory;
    }
  }
  if (own.contains("memory") && own.contains("pids"))
    return own["memory"] == own["pids"] ? CgroupTree{Facilities::Cgroup::v1, {own["memory"]}}
                                        : CgroupTree{Facilities::Cgroup::v1, {own["memory"], own["pids"]}};
  if (own.contains("")) return CgroupTree{Facilities::Cgroup::v2, {own[""]}};
  return {};
}

CgroupTree claim_cgroup_tree() {
  CgroupTree tree = find_own_groups(read_file("/proc/self/cgroup"), read_file("/proc/self/mountinfo"));
  if (tree.version == Facilities::Cgroup::v2 && !claim_v2(tree.parents.front())) return {};
  for (const std::string& parent : tree.parents)
    if (!can_make_groups(parent)) return {};
  return tree;
}

std::string daemon_group_name(pid_t pid) {
  const std::string started = start_time(pid);
  return started.empty() ? std::string() : std::string(kGroupPrefix) + std::to_string(pid) + "." + started;
}

void remove_leftover_groups(const CgroupTree& tree) {
  for (const std::string& parent : tree.parents)
    for (const std::string& group : subgroups(parent)) {
      const std::string name = std::filesystem::path(group).filename();
      if (!name.starts_with(kGroupPrefix)) continue;
      const int pid = std::atoi(name.c_str() + kGroupPrefix.size());
      if (pid <= 0 || daemon_group_name(pid) == name) continue;
      end_group(group);
    }
}

bool remove_group(const std::string& path) {
  constexpr int kTries = 100;
  constexpr timespec kPause{0, 1'000'000};
  for (int i = 0; i < kTries; ++i) {
    if (::rmdir(path.c_str()) == 0 || errno == ENOENT) return true;
    if (errno != EBUSY) return false;
    ::nanosleep(&kPause, nullptr);
  }
  return false;
}

Expected<void> write_control(const std::string& path, std::string_view text) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.valid()) return fail("open " + path);
  const ssize_t written = ::write(file.get(), text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size())) return fail("write " + path, written < 0 ? errno : EIO);
  return {};
}

}  // namespace slack::sandbox

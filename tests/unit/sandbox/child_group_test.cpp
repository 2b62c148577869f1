// Control groups: found in every layout, binding while they live, and gone afterwards whoever died.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <set>

#include "daemon/sandbox/cgroup_tree.hpp"
#include "daemon/sandbox/child_group.hpp"
#include "daemon/sandbox/zygote.hpp"
#include "tests/unit/sandbox/daemon_process.hpp"

namespace slack::sandbox::test {
namespace {

using Parents = std::vector<std::string>;

const Facilities& facilities() {
  static const Facilities probed = probe_facilities();
  return probed;
}

// The groups of one daemon, itself and its children; other daemons may live on the machine.
std::set<std::string> groups_of(const std::string& daemon) {
  std::set<std::string> found;
  for (const std::string& parent : facilities().cgroup_parents) {
    std::error_code absent;
    const std::filesystem::path group = std::filesystem::path(parent) / daemon;
    if (!std::filesystem::is_directory(group, absent)) continue;
    found.insert(group);
    for (const auto& inner : std::filesystem::directory_iterator(group, absent))
      if (inner.is_directory()) found.insert(inner.path());
  }
  return found;
}

bool has_groups() {
  if (kSanitized) {
    WARN("SKIPPED: limits on memory mean nothing under AddressSanitizer");
    return false;
  }
  if (facilities().cgroup != Facilities::Cgroup::none) return true;
  WARN("SKIPPED: no memory and pids controllers are delegated to this process");
  return false;
}

}  // namespace

TEST_CASE("own groups are found in a v1 layout, each controller in its own hierarchy") {
  const auto tree = find_own_groups("9:name=systemd:/\n8:pids:/\n4:memory:/jobs/a\n1:cpu,cpuacct:/\n0::/\n",
                                    "30 20 0:1 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
                                    "31 20 0:2 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
                                    "32 20 0:3 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  CHECK(tree.version == Facilities::Cgroup::v1);
  CHECK(tree.parents == Parents{"/sys/fs/cgroup/memory/jobs/a", "/sys/fs/cgroup/pids"});
}

TEST_CASE("own groups are found where v1 has both controllers in one hierarchy") {
  const auto tree = find_own_groups("4:pids,memory:/a\n", "30 20 0:1 / /cg rw shared:3 - cgroup x rw,pids,memory\n");
  CHECK(tree.version == Facilities::Cgroup::v1);
  CHECK(tree.parents == Parents{"/cg/a"});
}

TEST_CASE("own groups are found in a v2 layout, in a container's part of the hierarchy too") {
  const auto whole = find_own_groups("0::/system.slice/slackd.service\n",
                                     "30 20 0:1 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
  CHECK(whole.version == Facilities::Cgroup::v2);
  CHECK(whole.parents == Parents{"/sys/fs/cgroup/system.slice/slackd.service"});
  const auto part = find_own_groups("0::/box/7/inner\n", "30 20 0:1 /box/7 /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  CHECK(part.parents == Parents{"/sys/fs/cgroup/inner"});
  const auto root = find_own_groups("0::/box/7\n", "30 20 0:1 /box/7 /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  CHECK(root.parents == Parents{"/sys/fs/cgroup"});
}

TEST_CASE("groups outside what is mounted, or none at all, are no groups") {
  CHECK(find_own_groups("0::/elsewhere\n", "30 20 0:1 /box/7 /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n").version ==
        Facilities::Cgroup::none);
  CHECK(find_own_groups("0::/../other\n", "30 20 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n").version ==
        Facilities::Cgroup::none);
  CHECK(find_own_groups("", "").version == Facilities::Cgroup::none);
  CHECK(find_own_groups("nonsense\n:\n::\n", "a b c - d\n - cgroup\n").version == Facilities::Cgroup::none);
}

TEST_CASE("a child that uses more memory than its group allows is killed, and the group knows why") {
  if (!has_groups()) return;
  auto zygote = Zygote::launch(test_zygote(), facilities(), true);
  REQUIRE(zygote.has_value());
  auto child = zygote->spawn(usual_limits());
  REQUIRE(child.has_value());
  auto group = ChildGroup::create(facilities(), "memory", child->pid, Bytes(16 << 20));
  REQUIRE(group.has_value());
  CHECK(ask<Done>(*child, Command{Order::allocate, Grant::none_made, 4 << 20}).has_value());
  CHECK_FALSE(group->out_of_memory());
  CHECK_FALSE(ask<Done>(*child, Command{Order::allocate, Grant::none_made, 64 << 20}).has_value());
  const End end = await_end(*child);
  CHECK(end.status == SIGKILL);
  CHECK(group->out_of_memory());
}

TEST_CASE("memory in a memfd counts for the group, which no rlimit would see") {
  if (!has_groups()) return;
  auto zygote = Zygote::launch(test_zygote(), facilities(), true);
  REQUIRE(zygote.has_value());
  ChildLimits limits = usual_limits();
  limits.file_size = Bytes(std::uint64_t{1} << 30);
  auto child = zygote->spawn(limits);
  REQUIRE(child.has_value());
  auto group = ChildGroup::create(facilities(), "memfd", child->pid, Bytes(16 << 20));
  REQUIRE(group.has_value());
  auto memfd = make_memfd("test");
  REQUIRE(memfd.has_value());
  CHECK_FALSE(ask<Done>(*child, Command{Order::write_file, Grant::none_made, 64 << 20}, memfd->get()).has_value());
  (void)await_end(*child);
  CHECK(group->out_of_memory());
}

TEST_CASE("a process in a child's group starts no other") {
  if (!has_groups()) return;
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const Fd read_end(ends[0]), write_end(ends[1]);
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    char go = 0;
    (void)!::read(read_end.get(), &go, 1);
    const pid_t inner = ::fork();
    if (inner == 0) ::_exit(0);
    ::_exit(inner < 0 && errno == EAGAIN ? 0 : 1);
  }
  auto group = ChildGroup::create(facilities(), "pids", pid, Bytes::max());
  CHECK(group.has_value());
  CHECK(::write(write_end.get(), "x", 1) == 1);
  int status = -1;
  CHECK(::waitpid(pid, &status, 0) == pid);
  CHECK(status == 0);
}

TEST_CASE("no group is left when the last child is gone, nor when a group could not be filled") {
  if (!has_groups()) return;
  const std::string daemon = daemon_group_name(::getpid());
  {
    const pid_t pid = ::fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
      ::pause();
      ::_exit(0);
    }
    auto first = ChildGroup::create(facilities(), "one", pid, Bytes(16 << 20));
    REQUIRE(first.has_value());
    CHECK_FALSE(groups_of(daemon).empty());
    ChildGroup moved = std::move(*first);
    ::kill(pid, SIGKILL);
    REQUIRE(::waitpid(pid, nullptr, 0) == pid);
    // The process is gone by now.
    CHECK_FALSE(ChildGroup::create(facilities(), "two", pid, Bytes(16 << 20)).has_value());
  }
  CHECK(groups_of(daemon).empty());
}

TEST_CASE("groups that a killed daemon left are removed at the next start, a living daemon's are not") {
  if (!has_groups()) return;
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  const pid_t daemon = ::fork();
  REQUIRE(daemon >= 0);
  if (daemon == 0) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (;;) ::pause();
    }
    const auto group = ChildGroup::create(facilities(), "left", child, Bytes(16 << 20));
    (void)!::write(write_end.get(), &child, sizeof child);
    for (;;) ::pause();
  }
  pid_t child = -1;
  REQUIRE(::read(read_end.get(), &child, sizeof child) == sizeof child);
  const CgroupTree tree{facilities().cgroup, facilities().cgroup_parents};
  const std::string name = daemon_group_name(daemon);
  const auto living = groups_of(name);
  CHECK(living.size() == 2 * tree.parents.size());
  remove_leftover_groups(tree);
  CHECK(groups_of(name) == living);

  ::kill(daemon, SIGKILL);
  REQUIRE(::waitpid(daemon, nullptr, 0) == daemon);
  CHECK(groups_of(name) == living);
  remove_leftover_groups(tree);
  CHECK(groups_of(name).empty());
  // Its child, which nothing else would have ended, is gone or about to be.
  bool gone = false;
  for (int i = 0; i < 200 && !gone; ++i) {
    gone = ::kill(child, 0) < 0 || daemon_group_name(child).empty();
    if (!gone) ::usleep(10'000);
    char state[256] = {};
    const Fd stat(::open(("/proc/" + std::to_string(child) + "/stat").c_str(), O_RDONLY | O_CLOEXEC));
    if (stat.valid() && ::read(stat.get(), state, sizeof state - 1) > 0) gone = gone || std::strstr(state, ") Z ");
  }
  CHECK(gone);
}

TEST_CASE("without control groups a child group is empty and harmless") {
  const auto group = ChildGroup::create(Facilities{}, "none", ::getpid(), Bytes(1));
  REQUIRE(group.has_value());
  CHECK_FALSE(group->out_of_memory());
}

}  // namespace slack::sandbox::test

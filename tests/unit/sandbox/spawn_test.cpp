// Children of a real zygote: what they find, what the daemon sees of them from outside, and that nothing of them stays.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

#include "daemon/base/clock.hpp"
#include "daemon/base/fd.hpp"
#include "daemon/base/socket.hpp"
#include "daemon/sandbox/cgroup_tree.hpp"
#include "daemon/sandbox/child_group.hpp"
#include "daemon/sandbox/policy/loaded_builds.hpp"
#include "daemon/sandbox/zygote.hpp"
#include "daemon/wire/zygote_protocol.hpp"
#include "tests/unit/sandbox/daemon_process.hpp"

namespace slack::sandbox::test {
namespace {

constexpr uid_t kSomebody = 54321;

const Facilities& facilities() {
  static const Facilities probed = probe_facilities();
  return probed;
}

// What is wrong, line by line, so that a process without Catch can say it too.
class Complaints {
 public:
  template <typename T, typename U>
  void expect(const char* what, const T& got, const U& wanted) {
    if (got == static_cast<T>(wanted)) return;
    text_ << what << ": " << got << ", not " << wanted << "\n";
  }
  void fault(const Fault& fault) { text_ << fault.what << "\n"; }
  [[nodiscard]] std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
};

std::string check_report(const ChildReport& seen, uid_t uid, gid_t gid, bool worker) {
  Complaints wrong;
  wrong.expect("pid", seen.pid, 1);
  wrong.expect("session", seen.session, 1);
  wrong.expect("uid", seen.uid, uid);
  wrong.expect("effective uid", seen.euid, uid);
  wrong.expect("gid", seen.gid, gid);
  wrong.expect("effective gid", seen.egid, gid);
  wrong.expect("groups", seen.groups, 0);
  wrong.expect("no_new_privs", seen.no_new_privs, 1);
  wrong.expect("dumpable", seen.dumpable, 0);
  wrong.expect("parent death signal", seen.parent_death_signal, SIGKILL);
  wrong.expect("capabilities", seen.capabilities, 0);
  wrong.expect("bounding set", seen.bounding, 0);
  wrong.expect("ambient set", seen.ambient, 0);
  wrong.expect("open descriptors", seen.open_descriptors, worker ? 0x1f : 0x0f);
  wrong.expect("descriptors above 63", seen.higher_descriptors, 0);
  wrong.expect("standard streams on /dev/null", seen.standard_are_null, 3);
  wrong.expect("entries in the root", seen.entries_in_root, 0);
  wrong.expect("error of /proc", seen.proc_error == ENOENT || seen.proc_error == EACCES, true);
  if (worker) wrong.expect("error of a new file", seen.create_error, EROFS);
  wrong.expect("error of fork", seen.fork_error, EAGAIN);
  wrong.expect("error of mount", seen.mount_error, EPERM);
  wrong.expect("error of a namespace", seen.namespace_error, EPERM);
  wrong.expect("error of the network", seen.network_error, ENETUNREACH);
  if (!kSanitized) wrong.expect("error of the reserve", seen.reserve_error, 0);
  if (seen.execute_gain_denied == 1) wrong.expect("error of gaining execution", seen.execute_gain_error, EACCES);
  wrong.expect("handled signals", seen.handled_signals, 0);
  wrong.expect("blocked signals", seen.blocked_signals, 0);
  wrong.expect("RLIMIT_DATA", seen.data, usual_limits().memory.count());
  wrong.expect("RLIMIT_FSIZE", seen.file_size, 1 << 20);
  wrong.expect("RLIMIT_NOFILE", seen.open_files, 64);
  wrong.expect("RLIMIT_CORE", seen.core, 0);
  wrong.expect("RLIMIT_NPROC", seen.processes, 0);
  wrong.expect("hostname", std::string(seen.hostname), "slack");
  return wrong.text();
}

std::string file_of(pid_t pid, const char* name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

ino_t namespace_of(pid_t pid, const char* name) {
  struct stat status{};
  const std::string path = "/proc/" + std::to_string(pid) + "/ns/" + name;
  return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

std::set<std::string> entries(const std::string& directory) {
  std::set<std::string> names;
  if (DIR* open = ::opendir(directory.c_str())) {
    while (const dirent* entry = ::readdir(open))
      if (entry->d_name[0] != '.') names.insert(entry->d_name);
    ::closedir(open);
  }
  return names;
}

Zygote launched(bool worker = true) {
  auto zygote = Zygote::launch(test_zygote(), facilities(), worker);
  if (!zygote) throw std::runtime_error(zygote.error().what);
  return std::move(*zygote);
}

Spawned spawned(Zygote& zygote, const ChildLimits& limits = usual_limits()) {
  auto child = zygote.spawn(limits);
  if (!child) throw std::runtime_error(child.error().what);
  return std::move(*child);
}

// Spawns one child as whatever uid the process has, and says what is wrong with its report.
std::string report_of_one_child(bool worker) {
  auto zygote = Zygote::launch(test_zygote(), facilities(), worker);
  if (!zygote) return zygote.error().what;
  auto child = zygote->spawn(usual_limits());
  if (!child) return child.error().what;
  const auto report = ask<ChildReport>(*child, Command{Order::report, Grant::none_made, 0});
  (void)end_and_reap(*child);
  if (!report) return "no report";
  const auto expected = identity_for_children();
  if (!expected) return expected.error().what;
  return check_report(*report, expected->uid, expected->gid, worker);
}

bool is_root() { return ::geteuid() == 0 && facilities().privileged; }

}  // namespace

TEST_CASE("a child is pid 1 of an empty world, without a capability, a file, a network or a descriptor but its own") {
  CHECK(report_of_one_child(true) == "");
  CHECK(report_of_one_child(false) == "");
}

TEST_CASE("the same holds for the children of an unprivileged daemon") {
  if (!is_root()) {
    WARN("SKIPPED: needs root to become somebody else");
    return;
  }
  CHECK(in_process(kSomebody, [] { return report_of_one_child(true) + report_of_one_child(false); }) == "");
}

TEST_CASE("a daemon that ignores and blocks signals does not hand that on") {
  CHECK(in_process(0, [] {
          ::signal(SIGPIPE, SIG_IGN);
          ::signal(SIGTERM, SIG_IGN);
          sigset_t all;
          ::sigfillset(&all);
          ::sigprocmask(SIG_SETMASK, &all, nullptr);
          return report_of_one_child(true);
        }) == "");
}

TEST_CASE("a compiler with files has a root of the size asked for, and nothing else") {
  auto zygote = launched(false);
  ChildLimits limits = usual_limits();
  limits.tmpfs = Bytes(256 << 10);
  auto child = spawned(zygote, limits);
  const auto filled = ask<Done>(child, Command{Order::fill_root, Grant::none_made, 1 << 20});
  REQUIRE(filled.has_value());
  CHECK(filled->error == ENOSPC);
  CHECK(filled->amount <= (256 << 10));
  CHECK(filled->amount >= (128 << 10));
  (void)end_and_reap(child);

  auto second = spawned(zygote, limits);
  const auto report = ask<ChildReport>(second, Command{Order::report, Grant::none_made, 0});
  REQUIRE(report.has_value());
  CHECK(report->entries_in_root == 0);
  CHECK(report->create_error == 0);
  CHECK(report->mount_error == EPERM);
  (void)end_and_reap(second);
}

TEST_CASE("from outside: own namespaces, one shared empty network, no uid but nobody's, one mount, no groups") {
  if (!is_root()) {
    WARN("SKIPPED: needs root to look at a process that is not dumpable");
    return;
  }
  auto zygote = launched();
  auto first = spawned(zygote);
  auto second = spawned(zygote);
  for (const char* name : {"user", "pid", "mnt", "ipc", "uts"}) {
    INFO(name);
    CHECK(namespace_of(first.pid, name) != 0);
    CHECK(namespace_of(first.pid, name) != namespace_of(::getpid(), name));
    CHECK(namespace_of(first.pid, name) != namespace_of(second.pid, name));
    CHECK(namespace_of(first.pid, name) != namespace_of(zygote.pid(), name));
  }
  CHECK(namespace_of(first.pid, "net") == namespace_of(second.pid, "net"));
  CHECK(namespace_of(first.pid, "net") != namespace_of(::getpid(), "net"));
  const Identity identity = *identity_for_children();
  CHECK(identity.uid != 0);
  const auto four = [](const char* label, unsigned id) {
    const std::string text = "\t" + std::to_string(id);
    return "\n" + std::string(label) + ":" + text + text + text + text + "\n";
  };
  for (const pid_t pid : {first.pid, zygote.pid()}) {
    const std::string status = file_of(pid, "status");
    INFO(status);
    CHECK(status.find(four("Uid", identity.uid)) != std::string::npos);
    CHECK(status.find(four("Gid", identity.gid)) != std::string::npos);
    CHECK(status.find("\nGroups:\t \n") != std::string::npos);
    CHECK(status.find("\nCapBnd:\t0000000000000000\n") != std::string::npos);
    CHECK(status.find("\nCapEff:\t0000000000000000\n") != std::string::npos);
    CHECK(status.find("\nNoNewPrivs:\t1\n") != std::string::npos);
    CHECK(entries("/proc/" + std::to_string(pid) + "/root").empty());
    const std::string mounts = file_of(pid, "mountinfo");
    CHECK(std::count(mounts.begin(), mounts.end(), '\n') == 1);
  }
  std::istringstream map(file_of(first.pid, "uid_map"));
  unsigned inside = 0, outside = 0, count = 0;
  map >> inside >> outside >> count;
  CHECK(inside == identity.uid);
  CHECK(outside == identity.uid);
  CHECK(count == 1);
  CHECK(file_of(first.pid, "setgroups") == "deny\n");
  CHECK(file_of(first.pid, "oom_score_adj") == "500\n");
  CHECK(entries("/proc/" + std::to_string(first.pid) + "/fd") == std::set<std::string>{"0", "1", "2", "3", "4"});
  (void)end_and_reap(first);
  (void)end_and_reap(second);
}

TEST_CASE("a child's limits hold: memory, file size, CPU time") {
  if (kSanitized) {
    WARN("SKIPPED: limits on memory mean nothing under AddressSanitizer");
    return;
  }
  auto zygote = launched();
  ChildLimits limits = usual_limits();
  limits.memory = Bytes(64 << 20);
  limits.cpu_seconds = 1;
  auto child = spawned(zygote, limits);
  CHECK(ask<Done>(child, Command{Order::allocate, Grant::none_made, 16 << 20})->error == 0);
  CHECK(ask<Done>(child, Command{Order::allocate, Grant::none_made, 96 << 20})->error == ENOMEM);
  const auto memfd = make_memfd("test");
  REQUIRE(memfd.has_value());
  const auto written = ask<Done>(child, Command{Order::write_file, Grant::none_made, 4 << 20}, memfd->get());
  REQUIRE(written.has_value());
  CHECK(written->error == EFBIG);
  CHECK(written->amount == 1 << 20);
  const Command burn{Order::burn, Grant::none_made, 0};
  REQUIRE(send_datagram(child.socket.get(), bytes_of(burn)).has_value());
  const End end = await_end(child);
  CHECK(end.code == CLD_KILLED);
  CHECK(end.status == SIGKILL);
}

TEST_CASE("when the zygote dies its children live on, and the next spawn is a fault that says so") {
  auto zygote = launched();
  auto child = spawned(zygote);
  REQUIRE(::kill(zygote.pid(), SIGKILL) == 0);
  const auto refused = zygote.spawn(usual_limits());
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == EPIPE);
  CHECK(zygote.spawn(usual_limits()).error().code == EPIPE);
  CHECK(ask<ChildReport>(child, Command{Order::report, Grant::none_made, 0}).has_value());
  zygote = launched();
  auto next = spawned(zygote);
  (void)end_and_reap(next);
  (void)end_and_reap(child);
}

TEST_CASE("when the daemon is killed its zygote and children die with it") {
  // The daemon's children are told by their pidfds, which it passes out before it is killed.
  auto sockets = make_socket_pair();
  REQUIRE(sockets.has_value());
  (void)test_zygote();
  const Facilities& probed = facilities();
  const pid_t daemon = ::fork();
  REQUIRE(daemon >= 0);
  if (daemon == 0) {
    auto zygote = Zygote::launch(test_zygote(), probed, true);
    std::vector<Spawned> children;
    std::vector<int> pidfds;
    for (int i = 0; zygote && i < 8; ++i)
      if (auto child = zygote->spawn(usual_limits())) {
        pidfds.push_back(child->pidfd.get());
        children.push_back(std::move(*child));
      }
    const pid_t zygote_pid = zygote ? zygote->pid() : -1;
    (void)send_datagram(sockets->theirs.get(), bytes_of(zygote_pid), pidfds).has_value();
    for (;;) ::pause();
  }
  sockets->theirs.reset();
  auto told = receive_datagram(sockets->ours.get(), sizeof(pid_t));
  REQUIRE(told.has_value());
  REQUIRE(told->fds.size() == 8);
  pid_t zygote = -1;
  std::memcpy(&zygote, told->bytes.data(), sizeof zygote);
  for (const Fd& pidfd : told->fds) {
    pollfd alive{pidfd.get(), POLLIN, 0};
    CHECK(::poll(&alive, 1, 0) == 0);
  }
  ::kill(daemon, SIGKILL);
  REQUIRE(::waitpid(daemon, nullptr, 0) == daemon);
  for (const Fd& pidfd : told->fds) {
    pollfd dead{pidfd.get(), POLLIN, 0};
    CHECK(::poll(&dead, 1, 5000) == 1);
  }
  // The zygote too: it sees its socket close, or the signal.
  for (int i = 0; i < 500 && ::kill(zygote, 0) == 0 && file_of(zygote, "stat").find(") Z ") == std::string::npos; ++i)
    ::usleep(10'000);
  CHECK((::kill(zygote, 0) != 0 || file_of(zygote, "stat").find(") Z ") != std::string::npos));
}

TEST_CASE("what cannot be confined is not run: the fault names the step and the way out") {
  if (kSanitized) {
    WARN("SKIPPED: limits on memory mean nothing under AddressSanitizer");
    return;
  }
  CHECK(in_process(0, [] {
          const rlimit low{4ul << 30, 4ul << 30};
          ::setrlimit(RLIMIT_AS, &low);
          auto zygote = Zygote::launch(test_zygote(), facilities(), true);
          if (!zygote) return zygote.error().what;
          const auto child = zygote->spawn(usual_limits());
          if (child) return std::string("a child without room for its memory was started");
          if (child.error().what.find("RLIMIT_AS") == std::string::npos) return child.error().what;
          return std::string(::waitpid(-1, nullptr, WNOHANG) == 0 ? "" : "an unreaped child");
        }) == "");
}

TEST_CASE("a machine without user namespaces is recognised and nothing is launched on it") {
  if (!is_root()) {
    WARN("SKIPPED: needs root to forbid user namespaces to a process");
    return;
  }
  CHECK(in_process(0, [] {
          // Inside a user namespace of its own the limit is that namespace's alone.
          if (::unshare(0x10000000 /* CLONE_NEWUSER */) < 0) return std::string("unshare");
          const Fd map(::open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC));
          const Fd gid_map(::open("/proc/self/gid_map", O_WRONLY | O_CLOEXEC));
          if (::write(map.get(), "0 0 1", 5) != 5) return std::string("map");
          (void)!::write(gid_map.get(), "0 0 1", 5);
          const Fd limit(::open("/proc/sys/user/max_user_namespaces", O_WRONLY | O_CLOEXEC));
          if (::write(limit.get(), "0", 1) != 1) return std::string("limit");
          const Facilities found = probe_facilities();
          if (found.user_namespaces) return std::string("user namespaces were found");
          if (found.privileged) return std::string("root of a user namespace counts as privileged");
          const auto zygote = Zygote::launch(test_zygote(), found, true);
          return std::string(zygote ? "a zygote was launched" : "");
        }) == "");
}

TEST_CASE("a program that cannot be started is a fault that names it") {
  const auto missing = Zygote::launch("/nowhere/slack-worker", facilities(), true);
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().code == ENOENT);
  CHECK(missing.error().what.find("/nowhere/slack-worker") != std::string::npos);
  const auto text = Zygote::launch("/etc/passwd", facilities(), true);
  REQUIRE_FALSE(text.has_value());
  CHECK(text.error().code == EACCES);
  // It starts but is no zygote.
  auto wrong = Zygote::launch("/bin/true", facilities(), true);
  REQUIRE(wrong.has_value());
  CHECK(wrong->spawn(usual_limits()).error().code == EPIPE);
}

TEST_CASE("a zygote tells its build, the same for the same program and another for another") {
  auto first = launched();
  auto second = launched(false);
  const auto build = first.build();
  REQUIRE(build.has_value());
  CHECK(build->size() > 20);
  CHECK(second.build().value_or("none") == *build);
  CHECK(loaded_builds() != *build);
  auto child = spawned(first);
  CHECK(first.build().value_or("none") == *build);
  (void)end_and_reap(child);
}

TEST_CASE("a zygote program started by root refuses to serve") {
  if (!is_root()) {
    WARN("SKIPPED: needs root");
    return;
  }
  auto sockets = make_socket_pair();
  REQUIRE(sockets.has_value());
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    ::dup2(sockets->theirs.get(), wire::kZygoteControl);
    ::execl(SLACK_TEST_ZYGOTE, "test", wire::kZygoteArgument, nullptr);
    ::_exit(99);
  }
  sockets->theirs.reset();
  auto introduction = receive_datagram(sockets->ours.get(), sizeof(wire::ZygoteIntroduction));
  REQUIRE(introduction.has_value());
  CHECK(introduction->bytes.size() == sizeof(wire::ZygoteIntroduction));
  auto told = receive_datagram(sockets->ours.get(), sizeof(wire::ZygoteReady));
  REQUIRE(told.has_value());
  wire::ZygoteReady ready{};
  REQUIRE(told->bytes.size() == sizeof ready);
  std::memcpy(&ready, told->bytes.data(), sizeof ready);
  CHECK(ready.error == EPERM);
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  CHECK(WEXITSTATUS(status) == 1);
}

TEST_CASE("200 children leave no process, descriptor, mount or control group behind") {
  std::set<std::string> descriptors;
  std::string mounts;
  std::size_t groups = 0;  // of this process; other daemons may live on the machine
  const auto look = [&] {
    descriptors = entries("/proc/self/fd");
    mounts = file_of(::getpid(), "mountinfo");
    groups = 0;
    for (const std::string& parent : facilities().cgroup_parents)
      groups += entries(parent).count(daemon_group_name(::getpid()));
  };
  {
    auto zygote = launched();
    auto warm = spawned(zygote);
    (void)end_and_reap(warm);
    look();
    const auto descriptors_before = descriptors;
    const auto mounts_before = mounts;
    std::vector<std::uint64_t> spawn_times, group_times;
    for (int i = 0; i < 200; ++i) {
      const Nanos start = monotonic_now();
      auto child = spawned(zygote);
      spawn_times.push_back((monotonic_now() - start).count());
      const Nanos middle = monotonic_now();
      const auto group = ChildGroup::create(facilities(), "test" + std::to_string(i), child.pid, Bytes(64 << 20));
      group_times.push_back((monotonic_now() - middle).count());
      if (!group) FAIL(group.error().what);
      (void)end_and_reap(child);
    }
    look();
    CHECK(descriptors == descriptors_before);
    CHECK(mounts == mounts_before);
    CHECK(groups == 0);
    CHECK(entries("/proc/" + std::to_string(zygote.pid()) + "/fd").size() == 6);  // 0 1 2, control, /proc, /dev/null
    std::sort(spawn_times.begin(), spawn_times.end());
    std::sort(group_times.begin(), group_times.end());
    std::printf("spawn: p50 %.0f us, p99 %.0f us; control group: p50 %.0f us, p99 %.0f us\n",
                double(spawn_times[100]) / 1e3, double(spawn_times[198]) / 1e3, double(group_times[100]) / 1e3,
                double(group_times[198]) / 1e3);
  }
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
  CHECK(errno == ECHILD);
}

}  // namespace slack::sandbox::test

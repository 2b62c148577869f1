// The running worker's policy allows what the worker does and no more: its host functions are called in a traced child,
// and the system calls they make are compared with the table, both ways.
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/sandbox/policy/seccomp.hpp"
#include "tests/unit/worker/guest.hpp"

extern "C" void __asan_init() __attribute__((weak));

using namespace slack;
using namespace slack::worker;
using namespace slack::worker::wasi;
using sandbox::AllowedCall;
using test::Folder;
using test::Guest;

namespace {

// Calls of a running worker that no host function makes, and the line that makes each.
struct Elsewhere {
  const char* file;
  const char* line;
};
const std::map<std::string_view, Elsewhere>& elsewhere() {
  static const std::map<std::string_view, Elsewhere> calls = {
      {"sendto", {"daemon/base/socket.cpp", "::send(socket"}},
      {"recvfrom", {"daemon/worker/child.cpp", "::recv(socket"}},
      {"mprotect", {"daemon/worker/memory_services.cpp", "::mprotect("}},
      {"rt_sigreturn", {"daemon/worker/fault_handler.cpp", "SA_SIGINFO"}},
      {"exit_group", {"daemon/worker/main.cpp", "return "}},
  };
  return calls;
}

// Two names for one thing: which of them libc uses is its own affair.
bool is_fstat(std::string_view name) { return name == "fstat" || name == "newfstatat"; }

struct Made {
  long number;
  std::array<std::uint64_t, 6> arguments;
};

constexpr long kMarker = SYS_getppid;  // before and after what is looked at

// One call of every host function that reaches the kernel; nothing here allocates. The folder has file, link and sub.
int call_everything(Guest& guest) {
  Wasi& w = guest.state;
  const GuestMemory m = guest.memory;
  int failed = 0;
  const auto want = [&failed](Errno error) { failed += error == Errno::success ? 0 : 1; };
  guest.put(30100, "new");
  guest.put(30200, "sub/made");
  guest.put(30300, "link");
  guest.put(30400, "file");
  guest.put_value(16, Buffer{1000, 4});
  want(guest.open("file", rights::kFile));
  const U32 fd = guest.opened();
  want(fd_write(w, m, fd, 16, 1, 0));
  want(fd_pwrite(w, m, fd, 16, 1, 0, 0));
  want(fd_seek(w, m, fd, 0, 0, 64));
  want(fd_read(w, m, fd, 16, 1, 0));
  want(fd_pread(w, m, fd, 16, 1, 0, 0));
  want(fd_sync(w, m, fd));
  want(fd_datasync(w, m, fd));
  want(fd_allocate(w, m, fd, 0, 100));
  want(fd_advise(w, m, fd, 0, 0, 2));
  want(fd_filestat_set_size(w, m, fd, 50));
  want(fd_filestat_set_times(w, m, fd, 0, 0, fstflags::mtim_now));
  want(fd_filestat_get(w, m, fd, 64));
  want(fd_fdstat_get(w, m, fd, 64));
  want(fd_fdstat_set_flags(w, m, fd, fdflags::append));
  want(fd_readdir(w, m, 3, 1000, 1000, 0, 64));
  want(path_filestat_set_times(w, m, 3, 0, 30400, 4, 0, 0, fstflags::atim_now));
  want(path_create_directory(w, m, 3, 30200, 8));
  want(path_remove_directory(w, m, 3, 30200, 8));
  want(path_symlink(w, m, 30400, 4, 3, 30100, 3));
  want(path_unlink_file(w, m, 3, 30100, 3));
  want(path_link(w, m, 3, 0, 30400, 4, 3, 30100, 3));
  want(path_rename(w, m, 3, 30100, 3, 3, 30200, 8));
  want(path_readlink(w, m, 3, 30300, 4, 1000, 100, 64));
  Subscription soon{};
  soon.type = EventType::clock;
  soon.clock.clock = static_cast<U32>(Clock::monotonic);
  soon.clock.timeout = 1000;
  guest.put_value(1000, soon);
  want(poll_oneoff(w, m, 1000, 5000, 1, 64));
  want(clock_time_get(w, m, static_cast<U32>(Clock::process_cputime), 0, 64));
  want(clock_res_get(w, m, static_cast<U32>(Clock::process_cputime), 64));
  want(random_get(w, m, 1000, 100));
  want(wasi::sched_yield(w, m));
  want(fd_renumber(w, m, fd, 0));
  want(fd_close(w, m, 0));
  return failed;
}

[[noreturn]] void be_traced(Guest& guest) {
  if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) < 0) ::_exit(99);
  ::raise(SIGSTOP);
  ::syscall(kMarker);
  const int failed = call_everything(guest);
  ::syscall(kMarker);
  ::_exit(failed);
}

// What the child did between its markers; nullopt where a process may not trace its own child. `failed`: how many host
// functions answered an error.
std::optional<std::vector<Made>> trace(pid_t child, int& failed) {
  std::vector<Made> made;
  int markers = 0;
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  if (WIFEXITED(status)) return std::nullopt;
  REQUIRE(::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) == 0);
  for (;;) {
    REQUIRE(::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr) == 0);
    REQUIRE(::waitpid(child, &status, 0) == child);
    if (WIFEXITED(status)) break;
    REQUIRE(WIFSTOPPED(status));
    REQUIRE(WSTOPSIG(status) == (SIGTRAP | 0x80));
    __ptrace_syscall_info info{};
    REQUIRE(::ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info) > 0);
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY) continue;
    Made call{static_cast<long>(info.entry.nr), {}};
    std::copy_n(info.entry.args, call.arguments.size(), call.arguments.begin());
    if (call.number == kMarker)
      ++markers;
    else if (markers == 1)
      made.push_back(call);
  }
  REQUIRE(markers == 2);
  failed = WEXITSTATUS(status);
  return made;
}

bool allows(const AllowedCall& call, const Made& made) {
  return ::seccomp_syscall_resolve_name(std::string(call.name).c_str()) == made.number &&
         (made.arguments[call.rule.index] & call.rule.mask) == call.rule.value;
}

std::string read_source(const std::string& name) {
  std::ifstream file(std::string(SLACK_SOURCE) + "/" + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("host functions make every call that a running worker is allowed, and no other") {
  const Folder folder;
  folder.write("file", "some content");
  std::filesystem::create_directory(folder.path() / "sub");
  std::filesystem::create_symlink("file", folder.path() / "link");
  Guest guest;
  guest.preopen(folder);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) be_traced(guest);
  int failed = 0;
  const auto made = trace(child, failed);
  if (!made) {
    WARN("SKIPPED: a process may not trace its own child here (ptrace)");
    return;
  }
  CHECK(failed == 0);

  const auto& policy = sandbox::policy_of(sandbox::Role::worker_run);
  bool stats = false;
  for (const AllowedCall& call : policy) {
    INFO(call.name << ": " << call.reason);
    const bool is_made = std::ranges::any_of(*made, [&](const Made& each) { return allows(call, each); });
    stats = stats || (is_fstat(call.name) && is_made);
    if (is_fstat(call.name)) continue;
    const auto other = elsewhere().find(call.name);
    if (other == elsewhere().end()) {
      CHECK(is_made);
    } else {
      CHECK_FALSE(is_made);
      CHECK(read_source(other->second.file).find(other->second.line) != std::string::npos);
    }
  }
  CHECK(stats);

  if (__asan_init != nullptr) return;  // which maps and waits for itself
  for (const Made& each : *made) {
    INFO("call " << each.number);
    CHECK(std::ranges::any_of(policy, [&](const AllowedCall& call) { return allows(call, each); }));
  }
}

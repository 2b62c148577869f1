// The kernel does with the filters what the interpreter says: real processes make real calls and live or die.
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstring>
#include <set>
#include <string>

#include "daemon/sandbox/policy/seccomp.hpp"

#include <seccomp.h>

namespace slack::sandbox::test {
namespace {

constexpr long kX32 = 0x4000'0000;

struct Call {
  long number;
  std::array<long, 6> arguments;
};

// Makes one call under the role's filter(s); the wait status.
int status_of(const std::vector<FilterProgram>& programs, const Call& call) {
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    ::alarm(20);
    for (const FilterProgram& program : programs)
      if (!load_filter(program)) ::_exit(99);
    const auto& a = call.arguments;
    ::syscall(call.number, a[0], a[1], a[2], a[3], a[4], a[5]);
    ::syscall(SYS_exit_group, 42);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  return status;
}

bool dies(int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS; }
bool lives(int status) { return WIFEXITED(status) && WEXITSTATUS(status) == 42; }

FilterProgram compiled(Role role) {
  auto program = compile_filter(role);
  REQUIRE(program.has_value());
  return *program;
}

// The filters as they are in force when the role's code runs.
std::vector<FilterProgram> in_force(Role role) {
  if (role == Role::worker_run) return {compiled(Role::worker_setup), compiled(Role::worker_run)};
  return {compiled(role)};
}

}  // namespace

TEST_CASE("a call outside the policy kills the process with SIGSYS") {
  for (const Role role : {Role::worker_setup, Role::worker_run, Role::compiler}) {
    const auto programs = in_force(role);
    for (const long number : std::initializer_list<long>{SYS_ioctl,
                                                         SYS_ptrace,
                                                         SYS_userfaultfd,
                                                         SYS_io_uring_setup,
                                                         SYS_bpf,
                                                         SYS_mount,
                                                         SYS_clone,
                                                         SYS_clone3,
                                                         SYS_fork,
                                                         SYS_vfork,
                                                         SYS_execve,
                                                         SYS_execveat,
                                                         SYS_socket,
                                                         SYS_connect,
                                                         SYS_kill,
                                                         SYS_tgkill,
                                                         SYS_prctl,
                                                         SYS_memfd_create,
                                                         SYS_setrlimit,
                                                         SYS_unshare,
                                                         SYS_setns,
                                                         SYS_keyctl,
                                                         SYS_capset,
                                                         SYS_setuid,
                                                         SYS_pidfd_getfd,
                                                         SYS_pidfd_open,
                                                         SYS_process_vm_readv,
                                                         SYS_perf_event_open,
                                                         SYS_personality,
                                                         SYS_arch_prctl,
                                                         SYS_open_tree,
                                                         SYS_move_mount,
                                                         SYS_fsopen,
                                                         SYS_process_vm_writev,
                                                         SYS_name_to_handle_at,
                                                         SYS_pause,
                                                         500L,
                                                         1000L,
                                                         kX32 + SYS_write}) {
      INFO("role " << static_cast<int>(role) << " call " << number);
      CHECK(dies(status_of(programs, {number, {0, 0, 0, 0, 0, 0}})));
    }
  }
}

TEST_CASE("a running worker dies of a mapping call, an executable mprotect, and another filter") {
  const auto programs = in_force(Role::worker_run);
  for (const long number :
       std::initializer_list<long>{SYS_mmap, SYS_munmap, SYS_mremap, SYS_madvise, SYS_brk, SYS_open, SYS_openat,
                                   SYS_rt_sigaction, SYS_recvmsg, SYS_futex, SYS_landlock_create_ruleset}) {
    INFO("call " << number);
    CHECK(dies(status_of(programs, {number, {0, 0, 0, 0, 0, 0}})));
  }
  CHECK(dies(status_of(programs, {SYS_mprotect, {0, 4096, 5, 0, 0, 0}})));
  CHECK(lives(status_of(programs, {SYS_mprotect, {0, 0, 3, 0, 0, 0}})));
  CHECK(dies(status_of(programs, {SYS_seccomp, {1, 0, 0, 0, 0, 0}})));
}

TEST_CASE("every call of the policy goes through to the kernel") {
  // These four end or suspend the caller, or read a frame that is not there.
  const std::set<std::string_view> not_callable = {"exit", "exit_group", "rt_sigreturn", "restart_syscall"};
  const timespec at_once{0, 0};
  for (const Role role : {Role::worker_setup, Role::worker_run, Role::compiler}) {
    const auto programs = in_force(role);
    for (const AllowedCall& call : policy_of(role)) {
      if (not_callable.contains(call.name)) continue;
      Call made{call.name == "mseal" ? 462 : ::seccomp_syscall_resolve_name(std::string(call.name).c_str()),
                {-1, 0, 0, 0, 0, 0}};
      if (call.name == "ppoll") made.arguments = {0, 0, reinterpret_cast<long>(&at_once), 0, 0, 0};
      if (call.name == "clock_nanosleep") made.arguments = {0, 0, reinterpret_cast<long>(&at_once), 0, 0, 0};
      if (call.rule.mask != 0) made.arguments[call.rule.index] = static_cast<long>(call.rule.value);
      INFO("role " << static_cast<int>(role) << " call " << call.name);
      CHECK(lives(status_of(programs, made)));
    }
  }
}

TEST_CASE("a call through the 32-bit gate dies") {
  const auto programs = in_force(Role::worker_run);
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    for (const FilterProgram& program : programs)
      if (!load_filter(program)) ::_exit(99);
    // 1 is exit in the i386 table and write in ours: a filter that looked at the number alone would let it pass.
    long result = 1;
    asm volatile("int $0x80" : "+a"(result) : "b"(42) : "memory");
    ::syscall(SYS_exit_group, 43);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  // Without the i386 interface in the kernel the instruction is a SIGSEGV.
  CHECK((dies(status) || (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV)));
}

TEST_CASE("a filter cannot be loaded without no_new_privs by a process without capabilities") {
  const FilterProgram program = compiled(Role::worker_run);
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    if (::getuid() == 0 && ::setresuid(65534, 65534, 65534) < 0) ::_exit(1);
    const auto loaded = load_filter(program);
    ::_exit(!loaded && loaded.error().code == EACCES ? 0 : 2);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  CHECK(status == 0);
}

}  // namespace slack::sandbox::test

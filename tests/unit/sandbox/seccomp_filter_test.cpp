// The compiled filters say exactly what the policy says: for every call number, its arguments, and foreign interfaces.
#include <fcntl.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <array>
#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "daemon/base/kernel_abi.hpp"
#include "daemon/sandbox/policy/seccomp.hpp"
#include "tests/unit/sandbox/bpf_interpreter.hpp"

namespace slack::sandbox::test {
namespace {

constexpr int kCalls = 471;  // past mseal (462) and what Linux 6.18 has
constexpr std::array kRoles = {Role::worker_setup, Role::worker_run, Role::compiler};
constexpr std::array<std::uint32_t, 4> kForeign = {AUDIT_ARCH_I386, AUDIT_ARCH_ARM, AUDIT_ARCH_AARCH64, 0};
using Arguments = std::array<std::uint64_t, 6>;

int number_of(std::string_view name) {
  if (name == "mseal") return static_cast<int>(kernel_abi::kSysMseal);
  return ::seccomp_syscall_resolve_name(std::string(name).c_str());
}

std::uint32_t verdict(const FilterProgram& program, int number, const Arguments& arguments,
                      std::uint32_t architecture = AUDIT_ARCH_X86_64) {
  seccomp_data data{};
  data.nr = number;
  data.arch = architecture;
  std::copy(arguments.begin(), arguments.end(), data.args);
  const auto result = evaluate(program, data);
  REQUIRE(result.has_value());
  return *result;
}

bool policy_allows(Role role, int number, const Arguments& arguments) {
  for (const AllowedCall& call : policy_of(role))
    if (number_of(call.name) == number && (arguments[call.rule.index] & call.rule.mask) == call.rule.value) return true;
  return false;
}

// Arguments that tell every rule of the policy from its neighbours: each rule met, and missed by each one bit.
std::vector<Arguments> probing_arguments(Role role, int number) {
  std::vector<Arguments> all = {{0, 0, 0, 0, 0, 0}, {~0ull, ~0ull, ~0ull, ~0ull, ~0ull, ~0ull}};
  for (const AllowedCall& call : policy_of(role)) {
    if (number_of(call.name) != number || call.rule.mask == 0) continue;
    Arguments met{};
    met[call.rule.index] = call.rule.value;
    all.push_back(met);
    for (int bit = 0; bit < 64; ++bit) {
      Arguments near = met;
      near[call.rule.index] ^= std::uint64_t{1} << bit;
      all.push_back(near);
    }
  }
  return all;
}

FilterProgram compiled(Role role) {
  auto program = compile_filter(role);
  REQUIRE(program.has_value());
  return *program;
}

}  // namespace

TEST_CASE("a filter allows what its policy allows and kills the process for every other call") {
  for (const Role role : kRoles) {
    const FilterProgram program = compiled(role);
    std::size_t allowed = 0;
    for (int number = 0; number < kCalls; ++number) {
      bool any = false;
      for (const Arguments& arguments : probing_arguments(role, number)) {
        const bool expected = policy_allows(role, number, arguments);
        INFO("role " << static_cast<int>(role) << " call " << number << " third argument " << arguments[2]);
        const std::uint32_t got = verdict(program, number, arguments);
        if (got != (expected ? SECCOMP_RET_ALLOW : SECCOMP_RET_KILL_PROCESS)) CHECK(got == (expected ? 1u : 0u));
        any = any || expected;
      }
      allowed += any ? 1 : 0;
    }
    std::set<std::string_view> names;
    for (const AllowedCall& call : policy_of(role)) names.insert(call.name);
    CHECK(allowed == names.size());
  }
}

TEST_CASE("calls by another architecture's interface or number space die whatever they are") {
  for (const Role role : kRoles) {
    const FilterProgram program = compiled(role);
    for (int number = 0; number < kCalls; ++number)
      for (const std::uint32_t architecture : kForeign)
        if (verdict(program, number, {}, architecture) != SECCOMP_RET_KILL_PROCESS)
          FAIL("architecture " << architecture);
    constexpr int kX32 = 0x4000'0000;
    for (int number = 0; number < 600; ++number)
      if (verdict(program, kX32 | number, {}) != SECCOMP_RET_KILL_PROCESS) FAIL("x32 call " << number);
    for (const int number : {-1, 100'000, 0x7fff'ffff, static_cast<int>(0x8000'0000)})
      CHECK(verdict(program, number, {}) == SECCOMP_RET_KILL_PROCESS);
  }
}

TEST_CASE("no role may reach another process, a device, the network, or the sandbox's own locks") {
  const std::array<const char*, 62> forbidden = {"ioctl",
                                                 "ptrace",
                                                 "userfaultfd",
                                                 "io_uring_setup",
                                                 "io_uring_enter",
                                                 "io_uring_register",
                                                 "bpf",
                                                 "mount",
                                                 "umount2",
                                                 "pivot_root",
                                                 "move_mount",
                                                 "open_tree",
                                                 "fsopen",
                                                 "fsmount",
                                                 "mount_setattr",
                                                 "chroot",
                                                 "clone",
                                                 "clone3",
                                                 "fork",
                                                 "vfork",
                                                 "execve",
                                                 "execveat",
                                                 "socket",
                                                 "socketpair",
                                                 "connect",
                                                 "bind",
                                                 "listen",
                                                 "accept",
                                                 "accept4",
                                                 "kill",
                                                 "tkill",
                                                 "tgkill",
                                                 "rt_sigqueueinfo",
                                                 "pidfd_open",
                                                 "pidfd_getfd",
                                                 "pidfd_send_signal",
                                                 "prctl",
                                                 "arch_prctl",
                                                 "memfd_create",
                                                 "memfd_secret",
                                                 "setrlimit",
                                                 "setuid",
                                                 "setresuid",
                                                 "setgid",
                                                 "setresgid",
                                                 "setgroups",
                                                 "capset",
                                                 "unshare",
                                                 "setns",
                                                 "keyctl",
                                                 "add_key",
                                                 "request_key",
                                                 "perf_event_open",
                                                 "process_vm_readv",
                                                 "process_vm_writev",
                                                 "init_module",
                                                 "finit_module",
                                                 "kexec_load",
                                                 "open_by_handle_at",
                                                 "personality",
                                                 "modify_ldt",
                                                 "process_madvise"};
  for (const Role role : kRoles)
    for (const AllowedCall& call : policy_of(role))
      for (const char* name : forbidden) CHECK(call.name != name);
  for (const char* name : forbidden) CHECK(number_of(name) >= 0);
}

TEST_CASE("a running worker has no call that makes, moves or drops a mapping, and none that makes one executable") {
  const FilterProgram program = compiled(Role::worker_run);
  for (const int number : {SYS_mmap, SYS_munmap, SYS_mremap, SYS_madvise, SYS_brk, SYS_shmat, SYS_remap_file_pages,
                           SYS_pkey_mprotect, SYS_seccomp, SYS_rt_sigaction, SYS_sigaltstack})
    CHECK(verdict(program, number, {}) == SECCOMP_RET_KILL_PROCESS);
  for (std::uint64_t protection = 0; protection < 8; ++protection) {
    const auto got = verdict(program, SYS_mprotect, {0, 4096, protection, 0, 0, 0});
    CHECK((got == SECCOMP_RET_ALLOW) == ((protection & PROT_EXEC) == 0));
  }
}

TEST_CASE("nobody maps a page that is writable and executable, a compiler none that is executable") {
  for (const Role role : {Role::worker_setup, Role::compiler}) {
    const FilterProgram program = compiled(role);
    for (std::uint64_t protection = 0; protection < 8; ++protection) {
      const bool executable = (protection & PROT_EXEC) != 0;
      const bool writable = (protection & PROT_WRITE) != 0;
      const bool expected = !executable || (role == Role::worker_setup && !writable);
      CHECK((verdict(program, SYS_mmap, {0, 4096, protection, 0, 0, 0}) == SECCOMP_RET_ALLOW) == expected);
      CHECK((verdict(program, SYS_mprotect, {0, 4096, protection, 0, 0, 0}) == SECCOMP_RET_ALLOW) == !executable);
    }
  }
}

TEST_CASE("a worker sends to nobody but a socket's own peer") {
  // Its standard streams can be a client's datagram sockets, and their network is the client's.
  for (const Role role : {Role::worker_setup, Role::worker_run}) {
    const FilterProgram program = compiled(role);
    CHECK(verdict(program, SYS_sendto, {1, 0x7000, 5, 0, 0, 0}) == SECCOMP_RET_ALLOW);
    CHECK(verdict(program, SYS_sendto, {1, 0x7000, 5, 0, 0x7000, 16}) == SECCOMP_RET_KILL_PROCESS);
    CHECK(verdict(program, SYS_sendto, {1, 0x7000, 5, 0, 0x1'0000'0000, 16}) == SECCOMP_RET_KILL_PROCESS);
    for (const int call : {SYS_sendmsg, SYS_sendmmsg, SYS_connect, SYS_bind, SYS_accept4, SYS_io_uring_enter})
      CHECK(verdict(program, call, {1, 0x7000, 5, 0, 0, 0}) == SECCOMP_RET_KILL_PROCESS);
  }
}

TEST_CASE("the first filter of a worker allows all that its second does") {
  const FilterProgram program = compiled(Role::worker_setup);
  for (const AllowedCall& call : policy_of(Role::worker_run)) {
    Arguments arguments{};
    arguments[call.rule.index] = call.rule.value;
    CHECK(verdict(program, number_of(call.name), arguments) == SECCOMP_RET_ALLOW);
  }
}

TEST_CASE("every entry of the policy names a call that exists, and its reason, once for each condition") {
  for (const Role role : kRoles) {
    std::set<std::tuple<std::string_view, std::uint8_t, std::uint64_t, std::uint64_t>> seen;
    for (const AllowedCall& call : policy_of(role)) {
      INFO(call.name);
      CHECK(number_of(call.name) >= 0);
      CHECK(call.reason.size() >= 4);
      CHECK(seen.emplace(call.name, call.rule.index, call.rule.mask, call.rule.value).second);
      CHECK((call.rule.value & ~call.rule.mask) == 0);
    }
  }
}

TEST_CASE("an empty program is not loaded") { CHECK_FALSE(load_filter({}).has_value()); }

}  // namespace slack::sandbox::test

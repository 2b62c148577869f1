// Confinement: what turns a freshly cloned process into a sandboxed one, before it has seen anything hostile.
#include "daemon/sandbox/policy/confine.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string>

#include "daemon/base/address_map.hpp"
#include "daemon/base/kernel_abi.hpp"
#include "daemon/sandbox/policy/capabilities.hpp"
#include "daemon/sandbox/policy/landlock.hpp"
#include "daemon/sandbox/policy/private_root.hpp"
#include "daemon/sandbox/policy/user_namespace.hpp"

namespace slack::sandbox {
namespace {

// The process dies with the daemon. If the daemon died before this call no signal comes any more; then its end of
// `socket` is closed already, because a process closes its descriptors before it tells its children of its death.
// (getppid would not do: the daemon is outside a child's pid namespace, so it is 0 in any case.)
Expected<void> die_with_daemon(int socket) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) return fail("PR_SET_PDEATHSIG");
  pollfd state{socket, 0, 0};
  if (::poll(&state, 1, 0) < 0) return fail("poll the daemon's socket");
  if ((state.revents & POLLHUP) != 0) return fail("the daemon is gone", EPIPE);
  return {};
}

// Handlers go by CLONE_CLEAR_SIGHAND too, but a signal that is ignored would stay so over exec and clone.
void reset_signals() {
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);  // fails for SIGKILL and the like
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Under memory pressure the kernel shall end a child before the machine's own services. Without the right file it
// stays as it is: the limits of the run hold all the same.
void prefer_as_oom_victim(int proc) {
  const Fd file(::openat(proc, "self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (file.valid()) (void)!::write(file.get(), "500", 3);
}

Expected<void> set_limit(__rlimit_resource resource, const char* name, std::uint64_t value) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) < 0) return fail(std::string("getrlimit ") + name);
  // Raising a hard limit is not ours to do; a lower one that the machine set holds.
  limit.rlim_max = std::min<rlim_t>(limit.rlim_max, value);
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(resource, &limit) < 0) return fail(std::string("setrlimit ") + name);
  return {};
}

Expected<void> limit_resources(const wire::SpawnRequest& request, bool reserves_memory) {
  const struct {
    __rlimit_resource resource;
    const char* name;
    std::uint64_t value;
  } limits[] = {
      {RLIMIT_DATA, "RLIMIT_DATA", request.memory_bytes},
      {RLIMIT_FSIZE, "RLIMIT_FSIZE", request.file_bytes},
      // Soft and hard alike: as pid 1 of its namespace a child ignores SIGXCPU, but not the SIGKILL at the hard limit.
      {RLIMIT_CPU, "RLIMIT_CPU", request.cpu_seconds == 0 ? RLIM_INFINITY : request.cpu_seconds},
      {RLIMIT_CORE, "RLIMIT_CORE", 0},
      // Counted in the child's own user namespace, where it is alone.
      {RLIMIT_NPROC, "RLIMIT_NPROC", request.threads <= 1 ? 0 : request.threads},
      {RLIMIT_MEMLOCK, "RLIMIT_MEMLOCK", 0},
      {RLIMIT_MSGQUEUE, "RLIMIT_MSGQUEUE", 0},
      {RLIMIT_RTPRIO, "RLIMIT_RTPRIO", 0},
      {RLIMIT_AS, "RLIMIT_AS", request.address_bytes == 0 ? RLIM_INFINITY : request.address_bytes},
  };
  for (const auto& limit : limits)
    if (auto set = set_limit(limit.resource, limit.name, limit.value); !set) return set;
  rlimit space{};
  if (::getrlimit(RLIMIT_AS, &space) < 0) return fail("getrlimit RLIMIT_AS");
  if (reserves_memory && space.rlim_cur < 2 * address_map::kMemoryReserve)
    return fail(Fault{
        ENOMEM, "RLIMIT_AS (ulimit -v) is too low for the 8 GiB that a worker reserves: start slackd without it"});
  return {};
}

// No mapping becomes executable after it was made (Linux 6.3): a second lock beside the seccomp rule.
Expected<void> deny_execute_gain() {
  if (::prctl(kernel_abi::kPrSetMdwe, kernel_abi::kPrMdweRefuseExecGain, 0, 0, 0) == 0) return {};
  if (errno == EINVAL) return {};  // an older kernel
  return fail("PR_SET_MDWE");
}

// Closes the pipe for faults with everything else, so it comes last.
Expected<void> arrange_descriptors(int null, int socket, int safepoint, std::uint32_t open_files) {
  // First out of the way of each other's final places.
  constexpr int kOutOfTheWay = 16;
  const auto lift = [](int fd) { return ::fcntl(fd, F_DUPFD_CLOEXEC, kOutOfTheWay); };
  const int lifted_null = lift(null);
  const int lifted_socket = lift(socket);
  const int lifted_safepoint = safepoint < 0 ? -1 : lift(safepoint);
  if (lifted_null < 0 || lifted_socket < 0 || (safepoint >= 0 && lifted_safepoint < 0))
    return fail("duplicate a descriptor (RLIMIT_NOFILE)");
  for (int standard = 0; standard < 3; ++standard)
    if (::dup2(lifted_null, standard) < 0) return fail("place /dev/null");
  if (::dup3(lifted_socket, kChildSocket, O_CLOEXEC) < 0) return fail("place the socket");
  if (safepoint >= 0 && ::dup3(lifted_safepoint, kChildSafepoint, O_CLOEXEC) < 0)
    return fail("place the safepoint page");
  if (auto set = set_limit(RLIMIT_NOFILE, "RLIMIT_NOFILE", open_files); !set) return set;
  const unsigned first_closed = safepoint >= 0 ? kChildSafepoint + 1 : kChildSocket + 1;
  if (::close_range(first_closed, ~0u, 0) < 0) return fail("close all other descriptors");
  return {};
}

}  // namespace

Expected<ZygoteGround> ground_zygote(int control) {
  ZygoteGround ground{Fd(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC)),
                      Fd(::open("/dev/null", O_RDWR | O_CLOEXEC))};
  if (!ground.proc.valid()) return fail("open /proc");
  if (!ground.null.valid()) return fail("open /dev/null");
  const auto initial = in_initial_user_namespace(ground.proc.get());
  if (!initial) return fail(initial.error());
  // A user namespace made by root would belong to root, and an unmapped child of it would be root to the kernel.
  if (*initial && (::geteuid() == 0 || ::getuid() == 0))
    return fail(Fault{EPERM, "a zygote must not run as root: slackd starts it with an unprivileged uid"});

  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return fail("PR_SET_NO_NEW_PRIVS");
  reset_signals();
  prefer_as_oom_victim(ground.proc.get());
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS) < 0) {
    const int error = errno;
    Fault fault = fault_from_errno("make a user namespace", error);
    fault.what +=
        " (user.max_user_namespaces, kernel.unprivileged_userns_clone, "
        "kernel.apparmor_restrict_unprivileged_userns or a seccomp filter of the service may forbid it)";
    return fail(fault);
  }
  if (auto done = map_self(ground.proc.get(), uid, gid); !done) return fail(done.error());
  // A service with ProtectHostname= may not, and needs not: no role has a call that tells the name.
  constexpr char kHostname[] = "slack";
  if (::sethostname(kHostname, sizeof kHostname - 1) < 0 && errno != EPERM) return fail("sethostname");
  if (auto done = enter_private_root(Bytes(0)); !done) return fail(done.error());
  if (auto done = drop_capabilities(); !done) return fail(done.error());
  if (auto done = die_with_daemon(control); !done) return fail(done.error());
  return ground;
}

Expected<void> confine_child(const ZygoteGround& ground, const wire::SpawnRequest& request, int socket, int safepoint) {
  const bool compiler = safepoint < 0;
  if (auto done = map_self(ground.proc.get(), request.map_uid, request.map_gid); !done) return done;
  // Without files of its own a child keeps the zygote's root: a tmpfs that is empty and read-only, in a mount namespace
  // that is the child's own.
  if (request.tmpfs_bytes != 0)
    if (auto done = enter_private_root(Bytes(request.tmpfs_bytes)); !done) return done;
  if (::setsid() < 0) return fail("setsid");
  if (auto done = drop_capabilities(); !done) return done;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return fail("PR_SET_NO_NEW_PRIVS");
  if (auto done = deny_execute_gain(); !done) return done;
  // A compiler is never handed a directory. A worker closes its paths itself, when it has got its directories.
  if (compiler) {
    const Fd root(request.tmpfs_bytes != 0 ? ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC) : -1);
    const PathGrant own[] = {{root.get(), false}};
    const auto grants = std::span<const PathGrant>(own).first(root.valid() ? 1 : 0);
    if (auto done = restrict_paths(grants); !done) return done;
  }
  // After every change of credentials, each of which could undo it.
  if (auto done = die_with_daemon(socket); !done) return done;
  if (auto done = limit_resources(request, !compiler); !done) return done;
  return arrange_descriptors(ground.null.get(), socket, safepoint, request.open_files);
}

}  // namespace slack::sandbox

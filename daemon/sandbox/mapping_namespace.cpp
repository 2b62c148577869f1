// MappingNamespace: a user namespace that holds nothing but an id map, for idmapped mounts.
#include "daemon/sandbox/mapping_namespace.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>

namespace slack::sandbox {
namespace {

// A process that only exists: the kernel makes user namespaces for processes alone. It is gone when this object is.
class Placeholder {
 public:
  [[nodiscard]] static Expected<Placeholder> start() {
    int pidfd = -1;
    clone_args arguments{};
    arguments.flags = CLONE_NEWUSER | CLONE_PIDFD;
    arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
    arguments.exit_signal = SIGCHLD;
    const long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid < 0) return fail("make a user namespace for an id map");
    if (pid == 0) {
      // The other threads' locks may be held here: nothing but system calls.
      ::syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
      for (;;) ::syscall(SYS_pause);
    }
    return Placeholder(static_cast<pid_t>(pid), Fd(pidfd));
  }
  Placeholder(Placeholder&&) = default;
  ~Placeholder() {
    if (!pidfd_.valid()) return;
    ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
    siginfo_t info{};
    while (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED) < 0 && errno == EINTR) {
    }
  }

  [[nodiscard]] std::string proc(const char* file) const { return "/proc/" + std::to_string(pid_) + "/" + file; }

 private:
  Placeholder(pid_t pid, Fd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}

  pid_t pid_ = -1;
  Fd pidfd_;
};

Expected<void> write_map(const std::string& path, unsigned inside, unsigned outside) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.valid()) return fail("open " + path);
  const std::string line = std::to_string(inside) + " " + std::to_string(outside) + " 1\n";
  if (::write(file.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) return fail("write " + path);
  return {};
}

}  // namespace

Expected<Fd> make_mapping_namespace(IdPair inside, IdPair outside) {
  const auto placeholder = Placeholder::start();
  if (!placeholder) return fail(placeholder.error());
  if (auto done = write_map(placeholder->proc("uid_map"), inside.uid, outside.uid); !done) return fail(done.error());
  if (auto done = write_map(placeholder->proc("gid_map"), inside.gid, outside.gid); !done) return fail(done.error());
  Fd result(::open(placeholder->proc("ns/user").c_str(), O_RDONLY | O_CLOEXEC));
  if (!result.valid()) return fail("open a user namespace");
  return result;
}

}  // namespace slack::sandbox

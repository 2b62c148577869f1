// Stand-ins for the daemon: orders to confined children, and a second process that plays the daemon under another uid.
#include "tests/unit/sandbox/daemon_process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <exception>

namespace slack::sandbox::test {

std::string test_zygote() {
  // A build tree may lie where only its owner gets: opened before any change of uid, it can be reached by descriptor.
  static const int opened = ::open(SLACK_TEST_ZYGOTE, O_PATH | O_CLOEXEC);
  return "/proc/self/fd/" + std::to_string(opened);
}

ChildLimits usual_limits() {
  ChildLimits limits;
  limits.memory = kSanitized ? Bytes::max() : Bytes(std::uint64_t{1} << 30);
  limits.file_size = Bytes(1 << 20);
  limits.open_files = 64;
  return limits;
}

End await_end(Spawned& child) {
  siginfo_t info{};
  while (::waitid(P_PIDFD, static_cast<id_t>(child.pidfd.get()), &info, WEXITED) < 0 && errno == EINTR) {
  }
  return End{info.si_code, info.si_status};
}

End end_and_reap(Spawned& child) {
  ::kill(child.pid, SIGKILL);
  return await_end(child);
}

std::string in_process(uid_t uid, const std::function<std::string()>& body) {
  (void)test_zygote();
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return "pipe";
  const Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) return "fork";
  if (pid == 0) {
    std::string problem;
    if (uid != 0 && (::setgroups(0, nullptr) < 0 || ::setresgid(uid, uid, uid) < 0 || ::setresuid(uid, uid, uid) < 0))
      problem = "cannot take uid " + std::to_string(uid);
    ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);  // its own /proc/self/fd, which test_zygote() needs
    try {
      if (problem.empty()) problem = body();
    } catch (const std::exception& error) {
      problem = error.what();
    }
    (void)!::write(write_end.get(), problem.data(), problem.size());
    ::_exit(0);
  }
  write_end.reset();
  std::string problem;
  char part[512];
  for (ssize_t n = 0; (n = ::read(read_end.get(), part, sizeof part)) > 0;)
    problem.append(part, static_cast<std::size_t>(n));
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (status != 0) problem += " (ended with wait status " + std::to_string(status) + ")";
  return problem;
}

}  // namespace slack::sandbox::test

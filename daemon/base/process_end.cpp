// Calls waitid with its fifth argument, the resource usage.
#include "daemon/base/process_end.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace slack {
namespace {

Nanos nanos_of(const timeval& time) {
  return Nanos(static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000u +
               static_cast<std::uint64_t>(time.tv_usec) * 1000u);
}

}  // namespace

std::optional<ProcessEnd> reap_process(int pidfd) {
  siginfo_t info{};
  rusage usage{};
  // The system call itself: glibc's waitid has no rusage. __WALL: a zygote's children have no exit signal.
  if (::syscall(SYS_waitid, P_PIDFD, pidfd, &info, WEXITED | WNOHANG | __WALL, &usage) < 0)
    return errno == ECHILD ? std::optional(ProcessEnd{}) : std::nullopt;
  if (info.si_pid == 0) return std::nullopt;
  ProcessEnd end;
  end.code = info.si_code;
  end.status = info.si_status;
  end.cpu = nanos_of(usage.ru_utime) + nanos_of(usage.ru_stime);
  end.peak_memory = Bytes(static_cast<std::uint64_t>(std::max(0L, usage.ru_maxrss)) * 1024);
  return end;
}

}  // namespace slack

// Reads /proc and the CPU clock of a worker, signals and reaps it by its pidfd.
#include "daemon/monitor/worker_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace slack::monitor {
namespace {

// A short file of /proc as a whole: the kernel writes it in one go.
std::string read_proc(pid_t pid, const char* name) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/%s", static_cast<int>(pid), name);
  const Fd file(::open(path, O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return {};
  char text[4096];
  const ssize_t size = ::read(file.get(), text, sizeof text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

Nanos nanos_of(const timeval& time) {
  return Nanos(static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000u +
               static_cast<std::uint64_t>(time.tv_usec) * 1000u);
}

}  // namespace

WorkerProcess::WorkerProcess(pid_t pid, Fd pidfd) : pid_(pid), pidfd_(std::move(pidfd)), cpu_clock_(-1) {
  if (::clock_getcpuclockid(pid_, &cpu_clock_) != 0) cpu_clock_ = -1;
}

Nanos WorkerProcess::cpu_time() const {
  timespec time{};
  if (cpu_clock_ == -1 || ::clock_gettime(cpu_clock_, &time) != 0) return Nanos(0);
  return Nanos(static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(time.tv_nsec));
}

Bytes WorkerProcess::peak_memory() const {
  const std::string status = read_proc(pid_, "status");
  constexpr std::string_view kLabel = "VmHWM:";
  const std::size_t at = status.find(kLabel);
  if (at == std::string::npos) return Bytes(0);
  return Bytes(std::strtoull(status.c_str() + at + kLabel.size(), nullptr, 10) * 1024);
}

bool WorkerProcess::is_blocked() const {
  // "PID (NAME) STATE …"; the name may hold anything, so the last parenthesis counts.
  const std::string stat = read_proc(pid_, "stat");
  const std::size_t at = stat.rfind(')');
  if (at == std::string::npos || at + 2 >= stat.size()) return true;
  const char state = stat[at + 2];
  return state != 'R' && state != 'D';
}

void WorkerProcess::kill() const { (void)::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0); }

std::optional<Death> WorkerProcess::reap() {
  if (reaped_) return std::nullopt;
  siginfo_t info{};
  rusage usage{};
  // glibc's waitid has no rusage; __WALL: the zygote's children may have no exit signal.
  const long result = ::syscall(SYS_waitid, P_PIDFD, pidfd_.get(), &info, WEXITED | WNOHANG | __WALL, &usage);
  Death death;
  if (result < 0) {
    if (errno != ECHILD) return std::nullopt;
    reaped_ = true;  // somebody else waited for it: its status is lost
    return death;
  }
  if (info.si_pid == 0) return std::nullopt;
  reaped_ = true;
  death.code = info.si_code;
  death.status = info.si_status;
  death.cpu = nanos_of(usage.ru_utime) + nanos_of(usage.ru_stime);
  death.peak_memory = Bytes(static_cast<std::uint64_t>(std::max(0L, usage.ru_maxrss)) * 1024);
  return death;
}

void WorkerProcess::kill_and_reap(Micros patience) {
  if (reaped_) return;
  kill();
  pollfd dead{pidfd_.get(), POLLIN, 0};
  (void)::poll(&dead, 1, static_cast<int>(patience.count() / 1000));
  (void)reap();
}

}  // namespace slack::monitor

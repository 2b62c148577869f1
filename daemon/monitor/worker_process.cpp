// Reads /proc and the CPU clock of a worker, signals and reaps it by its pidfd.
#include "daemon/monitor/worker_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "daemon/base/clock.hpp"
#include "daemon/wire/worker_protocol.hpp"

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

}  // namespace

WorkerProcess::WorkerProcess(pid_t pid, Fd pidfd) : pid_(pid), pidfd_(std::move(pidfd)), cpu_clock_(-1) {
  if (::clock_getcpuclockid(pid_, &cpu_clock_) != 0) cpu_clock_ = -1;
}

Nanos WorkerProcess::cpu_time() const {
  timespec time{};
  if (cpu_clock_ == -1 || ::clock_gettime(cpu_clock_, &time) != 0) return Nanos(0);
  return to_nanos(time);
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

void WorkerProcess::interrupt() const {
  (void)::syscall(SYS_pidfd_send_signal, pidfd_.get(), wire::kInterruptSignal, nullptr, 0);
}

std::optional<ProcessEnd> WorkerProcess::reap() {
  if (reaped_) return std::nullopt;
  auto end = reap_process(pidfd_.get());
  reaped_ = end.has_value();
  return end;
}

void WorkerProcess::kill_and_reap(Micros patience) {
  if (reaped_) return;
  kill();
  pollfd dead{pidfd_.get(), POLLIN, 0};
  (void)::poll(&dead, 1, static_cast<int>(patience.count() / 1000));
  (void)reap();
}

}  // namespace slack::monitor

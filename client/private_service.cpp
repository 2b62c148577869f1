// Starts and ends a private slackd.
#include "client/private_service.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <utility>

#include "daemon/base/install_paths.hpp"

namespace slack::client {
namespace {

constexpr int kPeerFd = 3;
// slackd ends by reaping its workers; one that held 4 GiB takes 0.2 s to tear down.
constexpr int kEndMilliseconds = 5'000;
constexpr std::size_t kLastWords = 2'048;

// Between fork and exec: only async-signal-safe calls. Returns if something failed, errno set.
void become_slackd(const char* program, pid_t parent, int socket, int log, int null) {
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::setsid();
  if (::prctl(PR_SET_PDEATHSIG, SIGTERM) < 0) return;
  if (::getppid() != parent) ::_exit(0);
  // The sources lie above 3 (see start), so no dup2 overwrites one that is still needed.
  if (::dup2(null, STDIN_FILENO) < 0 || ::dup2(null, STDOUT_FILENO) < 0 || ::dup2(log, STDERR_FILENO) < 0) return;
  if (::dup2(socket, kPeerFd) < 0) return;
  // Whatever slackctl itself inherited without close-on-exec goes no further.
  ::syscall(SYS_close_range, kPeerFd + 1, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */);
  char peer[] = "--peer-fd=3";
  char* const arguments[] = {const_cast<char*>(program), peer, nullptr};
  ::execv(program, arguments);
}

Expected<Fd> above_standard(Fd fd) {
  if (fd.get() > kPeerFd) return fd;
  const int moved = ::fcntl(fd.get(), F_DUPFD_CLOEXEC, kPeerFd + 1);
  if (moved < 0) return fail("duplicate a descriptor");
  return Fd(moved);
}

}  // namespace

PrivateService::PrivateService(pid_t pid, Fd socket, Fd log, std::string program)
    : pid_(pid), socket_(std::move(socket)), log_(std::move(log)), program_(std::move(program)) {}

PrivateService::PrivateService(PrivateService&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      status_(other.status_),
      socket_(std::move(other.socket_)),
      log_(std::move(other.log_)),
      program_(std::move(other.program_)) {}

PrivateService::~PrivateService() {
  socket_.reset();
  if (pid_ < 0 || wait(kEndMilliseconds) >= 0) return;
  ::kill(pid_, SIGKILL);
  wait(kEndMilliseconds);
}

Expected<PrivateService> PrivateService::start() {
  auto found = find_program(Program::slackd);
  if (!found) return fail(Fault{ECONNREFUSED, "start a private slackd: " + found.error().what});
  const std::string program = std::move(*found);
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) return fail("start a private slackd: socketpair");
  Fd ours(pair[0]);
  auto theirs = above_standard(Fd(pair[1]));
  if (!theirs) return fail(theirs.error());
  auto log_memfd = make_memfd("slackd-log");
  if (!log_memfd) return fail(log_memfd.error());
  auto log = above_standard(std::move(*log_memfd));
  if (!log) return fail(log.error());
  auto null = above_standard(Fd(::open("/dev/null", O_RDWR | O_CLOEXEC)));
  if (!null || !null->valid()) return fail("start a private slackd: open /dev/null");
  int report[2];
  if (::pipe2(report, O_CLOEXEC) < 0) return fail("start a private slackd: pipe");
  Fd report_read(report[0]);
  auto report_write = above_standard(Fd(report[1]));
  if (!report_write) return fail(report_write.error());

  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return fail("start a private slackd: fork");
  if (pid == 0) {
    become_slackd(program.c_str(), parent, theirs->get(), log->get(), null->get());
    const int error = errno;
    (void)!::write(report_write->get(), &error, sizeof error);
    ::_exit(127);
  }
  report_write->reset();
  PrivateService service(pid, std::move(ours), std::move(*log), program);
  int error = 0;
  ssize_t n = 0;
  do {
    n = ::read(report_read.get(), &error, sizeof error);
  } while (n < 0 && errno == EINTR);
  if (n == sizeof error)
    return fail(Fault{ECONNREFUSED, fmt::format("start a private slackd: {}: {}", program, strerrordesc_np(error))});
  return service;
}

int PrivateService::wait(int milliseconds) {
  if (pid_ < 0 || status_ >= 0) return status_;
  const Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  pollfd waited{pidfd.get(), POLLIN, 0};
  if (pidfd.valid() && ::poll(&waited, 1, milliseconds) <= 0) return -1;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
  return status_;
}

std::string PrivateService::obituary() {
  std::string text = "private slackd (" + program_ + ")";
  // The socket closes a moment before the process is gone.
  const int status = wait(1'000);
  if (status < 0)
    text += " closed the connection";
  else if (WIFSIGNALED(status))
    text += fmt::format(" was killed by signal {} ({})", WTERMSIG(status), sigdescr_np(WTERMSIG(status)));
  else
    text += fmt::format(" ended with exit status {}", WEXITSTATUS(status));

  std::array<char, kLastWords> tail{};
  const off_t size = ::lseek(log_.get(), 0, SEEK_END);
  const off_t from = size > static_cast<off_t>(tail.size()) ? size - static_cast<off_t>(tail.size()) : 0;
  const ssize_t n = ::pread(log_.get(), tail.data(), tail.size(), from);
  std::string words(tail.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
  while (words.ends_with('\n')) words.pop_back();
  // Each message is one line.
  for (std::size_t at = 0; (at = words.find('\n', at)) != std::string::npos;) words.replace(at, 1, " | ");
  if (!words.empty()) text += "; its last words: " + words;
  return text;
}

}  // namespace slack::client

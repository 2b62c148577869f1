// Forks workers for tests of the monitor.
#include "tests/unit/monitor/fake_worker.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "daemon/base/address_map.hpp"
#include "daemon/base/clock.hpp"
#include "daemon/base/kernel_abi.hpp"
#include "daemon/base/socket.hpp"

// Written out, so that no compiler copies the loop and with it the label: the safepoint's address. The count is in r14,
// as generated code might have it; in host code's safepoint in rax.
asm(R"(
.text
.globl slack_test_count
.globl slack_test_safepoint
slack_test_count:
    push %r14
    mov %rdi, %r14
1:  add $1, %r14
slack_test_safepoint:
    movq %r14, 0x200000
    cmp %rsi, %r14
    jb 1b
    mov %r14, %rax
    pop %r14
    ret
.globl slack_test_count_in_host
slack_test_count_in_host:
    mov %rdi, %rax
1:  add $1, %rax
    movq %rax, 0x200000
    cmp %rsi, %rax
    jb 1b
    ret
)");
extern "C" {
extern const char slack_test_safepoint[];
std::uint64_t slack_test_count(std::uint64_t fuel, std::uint64_t last);
std::uint64_t slack_test_count_in_host(std::uint64_t fuel, std::uint64_t last);
}

namespace slack::test {
namespace inside {

std::uint64_t count(std::uint64_t fuel, std::uint64_t last) { return slack_test_count(fuel, last); }
std::uint64_t count_in_host(std::uint64_t fuel, std::uint64_t last) { return slack_test_count_in_host(fuel, last); }

void publish(std::uint64_t fuel) { asm volatile("movq %%rax, 0x200000" ::"a"(fuel) : "memory"); }

void send(int socket, const void* bytes, std::size_t size) { (void)::send(socket, bytes, size, MSG_NOSIGNAL); }

void report_returned(int socket, std::uint64_t fuel, std::uint64_t cpu_nanos) {
  wire::WorkerReport report{};
  report.end = wire::End::returned;
  report.fuel = fuel;
  report.cpu_nsec = cpu_nanos;
  report.ended_nsec = monotonic_now().count();
  report.offset = wire::kUnknown;
  send(socket, &report, sizeof report);
}

void block() {
  for (;;) ::pause();
}

}  // namespace inside

namespace {

int make_userfaultfd() {
  const int fd = static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY));
  if (fd < 0) return -1;
  uffdio_api api{};
  api.api = UFFD_API;
  api.features = UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_WP_HUGETLBFS_SHMEM;
  uffdio_register range{};
  range.range.start = address_map::kSafepoint;
  range.range.len = address_map::kPageBytes;
  range.mode = UFFDIO_REGISTER_MODE_WP;
  if (::ioctl(fd, UFFDIO_API, &api) < 0 || ::ioctl(fd, UFFDIO_REGISTER, &range) < 0) {
    ::close(fd);
    return -1;
  }
  return fd;
}

void* map_page(int memfd) {
  return ::mmap(reinterpret_cast<void*>(address_map::kSafepoint), address_map::kPageBytes, PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_FIXED_NOREPLACE, memfd, 0);
}

[[noreturn]] void live(int socket, int memfd, const Body& body) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The test framework's handlers are not the worker's.
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  if (map_page(memfd) == MAP_FAILED) ::_exit(101);
  inside::publish(0);
  const int userfaultfd = make_userfaultfd();
  if (userfaultfd < 0) ::_exit(102);
  const wire::Hello hello{wire::Stage::ready};
  if (!send_datagram(socket, bytes_of(hello), std::span(&userfaultfd, 1))) ::_exit(103);
  ::close(userfaultfd);
  ::close(memfd);
  wire::Go go{};
  if (::recv(socket, &go, sizeof go, 0) != sizeof go || go.magic != wire::kGoMagic) ::_exit(104);
  body(socket);
  ::_exit(0);
}

}  // namespace

std::optional<image::SafepointEntry> FakeImage::safepoint_at(std::uint64_t pc) const {
  for (const auto& entry : safepoints)
    if (entry.pc == pc) return entry;
  return std::nullopt;
}

std::shared_ptr<FakeImage> spin_image() {
  auto made = std::make_shared<FakeImage>();
  constexpr std::uint32_t kR14 = 14;
  made->safepoints.push_back(
      image::SafepointEntry{reinterpret_cast<std::uint64_t>(slack_test_safepoint), 0, 0, kPotential, 0, kR14, 0});
  return made;
}

monitor::Assignment fork_worker(monitor::RunId id, const Body& body, monitor::RunLimits limits) {
  auto sockets = make_socket_pair();
  auto memfd = make_memfd("safepoint");
  if (!sockets || !memfd || ::ftruncate(memfd->get(), address_map::kPageBytes) < 0) std::abort();
  ::fcntl(memfd->get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);

  int pidfd = -1;
  clone_args arguments{};
  arguments.flags = CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  arguments.exit_signal = SIGCHLD;
  const long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid == 0) {
    ::close(sockets->ours.release());
    live(sockets->theirs.get(), memfd->get(), body);
  }
  if (pid < 0) std::abort();
  sockets->theirs.reset();
  auto hello = receive_datagram(sockets->ours.get(), sizeof(wire::Hello));

  monitor::Assignment assignment;
  assignment.id = id;
  assignment.pid = static_cast<pid_t>(pid);
  assignment.pidfd = Fd(pidfd);
  assignment.socket = std::move(sockets->ours);
  if (hello && hello->fds.size() == 1) assignment.userfaultfd = std::move(hello->fds.front());
  assignment.safepoint_page = std::move(*memfd);
  assignment.image = spin_image();
  assignment.limits = limits;
  return assignment;
}

bool userfaultfd_works() {
  static const bool works = [] {
    monitor::Assignment probe = fork_worker(0, [](int) {});
    const bool made = probe.userfaultfd.valid();
    ::kill(probe.pid, SIGKILL);
    ::waitpid(probe.pid, nullptr, 0);
    return made;
  }();
  return works;
}

}  // namespace slack::test

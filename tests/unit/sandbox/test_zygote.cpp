// A zygote whose children do what the sandbox tests order and tell what they find.
#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <vector>

#include "daemon/base/address_map.hpp"
#include "daemon/base/kernel_abi.hpp"
#include "daemon/base/socket.hpp"
#include "daemon/sandbox/policy/landlock.hpp"
#include "daemon/sandbox/policy/zygote_server.hpp"
#include "tests/unit/sandbox/child_report.hpp"

namespace slack::sandbox::test {
namespace {

int error_of(long result) { return result < 0 ? errno : 0; }

void look_at_credentials(ChildReport& report) {
  report.pid = ::getpid();
  report.session = ::getsid(0);
  report.uid = static_cast<int>(::getuid());
  report.euid = static_cast<int>(::geteuid());
  report.gid = static_cast<int>(::getgid());
  report.egid = static_cast<int>(::getegid());
  report.groups = ::getgroups(0, nullptr);
  report.no_new_privs = ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
  report.dumpable = ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
  report.securebits = ::prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
  report.seccomp = ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0);
  report.execute_gain_denied = ::prctl(kernel_abi::kPrSetMdwe + 1, 0, 0, 0, 0);  // PR_GET_MDWE
  ::prctl(PR_GET_PDEATHSIG, &report.parent_death_signal, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2]{};
  ::syscall(SYS_capget, &header, sets);
  for (int i = 0; i < 2; ++i)
    report.capabilities |= std::uint64_t{sets[i].effective | sets[i].permitted | sets[i].inheritable} << (32 * i);
  for (unsigned long capability = 0; capability < 64; ++capability) {
    if (::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1) ++report.bounding;
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, capability, 0, 0) == 1) ++report.ambient;
  }
}

void look_at_descriptors(ChildReport& report) {
  struct stat null{};
  for (int fd = 0; fd < 4096; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) continue;
    if (fd < 64)
      report.open_descriptors |= std::uint64_t{1} << fd;
    else
      ++report.higher_descriptors;
    if (fd < 3 && ::fstat(fd, &null) == 0 && S_ISCHR(null.st_mode) && null.st_rdev == ::makedev(1, 3))
      ++report.standard_are_null;
  }
}

void look_at_files(ChildReport& report) {
  if (DIR* root = ::opendir("/")) {
    while (const dirent* entry = ::readdir(root))
      if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0) ++report.entries_in_root;
    ::closedir(root);
  }
  report.proc_error = error_of(::open("/proc/self/status", O_RDONLY | O_CLOEXEC));
  report.create_error = error_of(::open("/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
}

void try_to_escape(ChildReport& report) {
  const long child = ::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (child == 0) ::_exit(0);
  report.fork_error = error_of(child);
  void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  report.execute_gain_error = error_of(::mprotect(page, 4096, PROT_READ | PROT_EXEC));
  void* memory = ::mmap(reinterpret_cast<void*>(address_map::kMemory), address_map::kMemoryReserve, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
  report.reserve_error = memory == MAP_FAILED ? errno : 0;
  report.mount_error = error_of(::mount("none", "/", "tmpfs", 0, nullptr));
  report.namespace_error = error_of(::unshare(CLONE_NEWNET));
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr address{};
  address.sa_family = AF_INET;
  report.network_error = error_of(::connect(socket, &address, sizeof address));
  if (socket >= 0) ::close(socket);
}

void look_at_limits(ChildReport& report) {
  const auto soft = [](__rlimit_resource resource) {
    rlimit limit{};
    ::getrlimit(resource, &limit);
    return limit.rlim_cur;
  };
  report.data = soft(RLIMIT_DATA);
  report.file_size = soft(RLIMIT_FSIZE);
  report.open_files = soft(RLIMIT_NOFILE);
  report.cpu = soft(RLIMIT_CPU);
  report.core = soft(RLIMIT_CORE);
  report.processes = soft(RLIMIT_NPROC);
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction action{};
    if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_DFL) ++report.handled_signals;
  }
  sigset_t blocked;
  ::sigprocmask(SIG_BLOCK, nullptr, &blocked);
  for (int signal = 1; signal < NSIG; ++signal)
    if (::sigismember(&blocked, signal) == 1) ++report.blocked_signals;
  ::gethostname(report.hostname, sizeof report.hostname - 1);
}

ChildReport make_report() {
  ChildReport report{};
  look_at_descriptors(report);
  look_at_credentials(report);
  look_at_files(report);
  look_at_limits(report);
  try_to_escape(report);
  return report;
}

// A taken-over worker would not ask for RESOLVE_BENEATH, so nothing here does.
int open_in(int directory, const char* path, std::uint64_t flags, std::uint64_t mode = 0) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.mode = mode;
  return static_cast<int>(::syscall(SYS_openat2, directory, path, &how, sizeof how));
}

DirectoryReport use_directory(int directory, Grant grant) {
  DirectoryReport report{};
  const PathGrant grants[] = {{directory, grant == Grant::read_only}};
  if (grant != Grant::none_made) {
    const auto used = std::span<const PathGrant>(grants).first(grant == Grant::nothing ? 0 : 1);
    if (!restrict_paths(used)) ::_exit(3);
  }
  const Fd made(open_in(directory, "made", O_CREAT | O_RDWR, 0644));
  report.create_error = made.valid() ? 0 : errno;
  struct stat status{};
  if (made.valid() && ::fstat(made.get(), &status) == 0) report.owner_seen = status.st_uid;
  report.read_error = error_of(open_in(directory, "present", O_RDONLY));
  report.secret_error = error_of(open_in(directory, "secret", O_RDONLY));
  if (::fstat(directory, &status) == 0) report.inode = status.st_ino;
  const Fd parent(open_in(directory, "..", O_RDONLY | O_DIRECTORY));
  report.parent_error = parent.valid() ? 0 : errno;
  if (parent.valid() && ::fstat(parent.get(), &status) == 0) report.parent_inode = status.st_ino;
  report.rename_error = error_of(::renameat(directory, "movable", directory, "below/moved"));
  report.device_error = error_of(::mknodat(directory, "device", S_IFIFO | 0600, 0));
  report.covered_seen = open_in(directory, "mounted/covered", O_RDONLY) >= 0 ? 1 : 0;
  report.execute_error = error_of(::syscall(SYS_execveat, directory, "program", nullptr, nullptr, 0));
  return report;
}

Done allocate(std::uint64_t amount) {
  void* memory = ::mmap(nullptr, amount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return Done{errno, 0, 0};
  std::memset(memory, 1, amount);
  return Done{0, 0, amount};
}

Done write_to(int fd, std::uint64_t amount) {
  Done done{};
  const std::vector<char> block(65536, 'x');
  while (done.amount < amount) {
    const ssize_t n = ::write(fd, block.data(), std::min<std::uint64_t>(block.size(), amount - done.amount));
    if (n < 0) return Done{errno, 0, done.amount};
    done.amount += static_cast<std::uint64_t>(n);
  }
  return done;
}

template <typename Message>
void answer(int socket, const Message& message) {
  if (!send_datagram(socket, bytes_of(message))) ::_exit(4);
}

void obey(int socket, const Command& command, const std::vector<Fd>& fds) {
  switch (command.order) {
    case Order::report:
      return answer(socket, make_report());
    case Order::use_directory:
      return answer(socket, use_directory(fds.at(0).get(), command.restrict_to));
    case Order::allocate:
      return answer(socket, allocate(command.amount));
    case Order::burn:
      for (;;) asm volatile("");
    case Order::write_file:
      return answer(socket, write_to(fds.at(0).get(), command.amount));
    case Order::fill_root: {
      const Fd file(::open("/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
      return answer(socket, file.valid() ? write_to(file.get(), command.amount) : Done{errno, 0, 0});
    }
  }
}

int child_main(Confined confined) {
  for (;;) {
    auto datagram = receive_datagram(confined.socket.get(), sizeof(Command));
    if (!datagram) return 2;
    if (datagram->bytes.empty()) return 7;  // the daemon closed its end
    Command command{};
    if (datagram->bytes.size() != sizeof command) return 2;
    std::memcpy(&command, datagram->bytes.data(), sizeof command);
    obey(confined.socket.get(), command, datagram->fds);
  }
}

}  // namespace
}  // namespace slack::sandbox::test

int main(int count, char** arguments) {
  if (count != 2 || std::strcmp(arguments[1], slack::wire::kZygoteArgument) != 0) return 64;
  return slack::sandbox::serve(slack::Fd(slack::wire::kZygoteControl), slack::sandbox::test::child_main);
}

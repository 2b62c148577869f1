// Zygote: starts one, asks it for children, notices its end.
#include "daemon/sandbox/zygote.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>

#include "daemon/base/address_map.hpp"
#include "daemon/base/socket.hpp"
#include "daemon/wire/zygote_protocol.hpp"

namespace slack::sandbox {
namespace {

// Loading LLVM cold from a slow disk takes seconds; a clone a millisecond. Silence beyond this is a zygote that hangs.
constexpr timeval kPatience{30, 0};

struct LaunchFault {
  std::int32_t error;
  char what[200];
};

// Everything the forked process needs, made before the fork.
struct LaunchPlan {
  int program = -1;  // O_PATH
  int control = -1;
  int null = -1;
  int faults = -1;
  const char* name = nullptr;
  pid_t daemon = -1;
  Identity identity;
};

Expected<void> exec_zygote(const LaunchPlan& plan) {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (::dup2(plan.null, STDIN_FILENO) < 0 || ::dup2(plan.null, STDOUT_FILENO) < 0) return fail("place /dev/null");
  if (::dup2(plan.control, wire::kZygoteControl) < 0) return fail("place the control socket");
  if (::close_range(wire::kZygoteControl + 1, ~0u, CLOSE_RANGE_CLOEXEC) < 0) return fail("close_range");
  // A service's umask is about its own files. Files that a run makes are its client's, and get the usual modes.
  if (plan.identity.changes) ::umask(022);
  if (auto taken = take(plan.identity); !taken) return taken;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return fail("PR_SET_NO_NEW_PRIVS");
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) return fail("PR_SET_PDEATHSIG");
  if (::getppid() != plan.daemon) return fail("the daemon is gone", EPIPE);
  // By descriptor: the uid just taken need not be able to walk the path. Nothing of our environment goes along.
  const std::array<const char*, 3> arguments{plan.name, wire::kZygoteArgument, nullptr};
  const std::array<const char*, 1> environment{nullptr};
  ::syscall(SYS_execveat, plan.program, "", arguments.data(), environment.data(), AT_EMPTY_PATH);
  return fail(std::string("exec ") + plan.name);
}

[[noreturn]] void be_zygote(const LaunchPlan& plan) {
  const auto result = exec_zygote(plan);
  LaunchFault fault{};
  if (!result) {
    fault.error = result.error().code;
    std::strncpy(fault.what, result.error().what.c_str(), sizeof fault.what - 1);
  }
  (void)!::write(plan.faults, &fault, sizeof fault);
  ::_exit(127);
}

// Out of the way of the numbers that exec_zygote gives out.
Expected<Fd> lifted(Fd fd) {
  if (!fd.valid()) return fail("open a descriptor");
  const int high = ::fcntl(fd.get(), F_DUPFD_CLOEXEC, wire::kZygoteControl + 8);
  if (high < 0) return fail("duplicate a descriptor");
  return Fd(high);
}

Expected<Fd> make_safepoint_page() {
  auto page = make_memfd("slack-safepoint");
  if (!page) return page;
  if (::ftruncate(page->get(), static_cast<off_t>(address_map::kPageBytes)) < 0) return fail("size a safepoint page");
  if (::fcntl(page->get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0) return fail("seal a safepoint page");
  return page;
}

// True if `pidfd` is a child of ours; leaves it as it is.
bool is_our_child(int pidfd) {
  siginfo_t info{};
  return ::waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

void reap(int pidfd) {
  siginfo_t info{};
  while (::waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED) < 0 && errno == EINTR) {
  }
}

template <typename Message>
std::string text_of(const Message& message) {
  return std::string(message.what, ::strnlen(message.what, sizeof message.what));
}

}  // namespace

Expected<Zygote> Zygote::launch(const std::string& program, const Facilities& facilities, bool with_safepoint) {
  if (!facilities.user_namespaces)
    return fail(Fault{EPERM, "slackd cannot confine anything: this machine denies it user namespaces"});
  const auto identity = identity_for_children();
  if (!identity) return fail(identity.error());
  auto image = lifted(Fd(::open(program.c_str(), O_PATH | O_CLOEXEC)));
  if (!image) return fail(Fault{image.error().code, "start " + program + ": " + image.error().what});
  auto null = lifted(Fd(::open("/dev/null", O_RDWR | O_CLOEXEC)));
  if (!null) return fail(Fault{null.error().code, "open /dev/null: " + null.error().what});
  auto sockets = make_socket_pair();
  if (!sockets) return fail(sockets.error());
  auto theirs = lifted(std::move(sockets->theirs));
  if (!theirs) return fail(theirs.error());
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO})
    if (::setsockopt(sockets->ours.get(), SOL_SOCKET, option, &kPatience, sizeof kPatience) < 0)
      return fail("set a timeout");
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return fail("pipe");
  const Fd faults(ends[0]);
  auto faults_out = lifted(Fd(ends[1]));
  if (!faults_out) return fail(faults_out.error());

  const LaunchPlan plan{image->get(),    theirs->get(), null->get(), faults_out->get(),
                        program.c_str(), ::getpid(),    *identity};
  const pid_t pid = ::fork();
  if (pid < 0) return fail("fork a zygote");
  if (pid == 0) be_zygote(plan);

  Zygote zygote;
  zygote.pid_ = pid;
  zygote.control_ = std::move(sockets->ours);
  zygote.with_safepoint_ = with_safepoint;
  zygote.children_ = *identity;
  faults_out->reset();
  LaunchFault fault{};
  ssize_t got = 0;
  do {
    got = ::read(faults.get(), &fault, sizeof fault);  // nothing, once the exec has closed the other end
  } while (got < 0 && errno == EINTR);
  if (got == sizeof fault) return fail(Fault{fault.error, "start " + program + ": " + text_of(fault)});
  return zygote;
}

Expected<void> Zygote::await_introduction() {
  if (!control_.valid()) return fail("the zygote is gone", EPIPE);
  if (introduced_) return {};
  auto datagram = receive_datagram(control_.get(), sizeof(wire::ZygoteIntroduction));
  if (!datagram) return lose(datagram.error());
  wire::ZygoteIntroduction introduction{};
  if (datagram->bytes.size() != sizeof introduction) return lose(Fault{EPIPE, "the zygote died before it was ready"});
  std::memcpy(&introduction, datagram->bytes.data(), sizeof introduction);
  build_.assign(introduction.builds, std::min<std::size_t>(introduction.bytes, sizeof introduction.builds));
  introduced_ = true;
  return {};
}

Expected<std::string> Zygote::build() {
  if (auto introduced = await_introduction(); !introduced) return fail(introduced.error());
  return build_;
}

Expected<void> Zygote::await_ready() {
  if (auto introduced = await_introduction(); !introduced) return introduced;
  auto datagram = receive_datagram(control_.get(), sizeof(wire::ZygoteReady));
  if (!datagram) return lose(datagram.error());
  wire::ZygoteReady ready{};
  if (datagram->bytes.size() != sizeof ready) return lose(Fault{EPIPE, "the zygote died before it was ready"});
  std::memcpy(&ready, datagram->bytes.data(), sizeof ready);
  if (ready.error != 0) return lose(Fault{ready.error, "the zygote cannot be confined: " + text_of(ready)});
  ready_ = true;
  return {};
}

Expected<Spawned> Zygote::spawn(const ChildLimits& limits, const std::function<void()>& meanwhile) {
  if (!control_.valid()) return fail("the zygote is gone", EPIPE);
  if (!ready_)
    if (auto ready = await_ready(); !ready) return fail(ready.error());
  auto sockets = make_socket_pair();
  if (!sockets) return fail(sockets.error());
  Spawned spawned;
  int passed[2] = {sockets->theirs.get(), -1};
  if (with_safepoint_) {
    auto page = make_safepoint_page();
    if (!page) return fail(page.error());
    spawned.safepoint_page = std::move(*page);
    passed[1] = spawned.safepoint_page.get();
  }
  const wire::SpawnRequest request{limits.memory.count(),
                                   limits.file_size.count(),
                                   limits.cpu_seconds,
                                   limits.tmpfs.count(),
                                   limits.address_space.count(),
                                   limits.open_files,
                                   children_.uid,
                                   children_.gid,
                                   limits.threads};
  const std::span<const int> fds(passed, with_safepoint_ ? 2 : 1);
  if (auto sent = send_datagram(control_.get(), bytes_of(request), fds); !sent) return lose(sent.error());
  if (meanwhile != nullptr) meanwhile();
  auto datagram = receive_datagram(control_.get(), sizeof(wire::SpawnReply));
  if (!datagram) return lose(datagram.error());
  wire::SpawnReply reply{};
  if (datagram->bytes.size() != sizeof reply) return lose(Fault{EPIPE, "the zygote died"});
  std::memcpy(&reply, datagram->bytes.data(), sizeof reply);
  const bool child = datagram->fds.size() == 1 && is_our_child(datagram->fds[0].get());
  if (reply.error != 0) {
    if (child) reap(datagram->fds[0].get());
    return fail(Fault{reply.error, "confine a child: " + text_of(reply)});
  }
  if (!child || reply.pid <= 0) return lose(Fault{EPIPE, "the zygote answered with something else than a child"});
  spawned.pid = reply.pid;
  spawned.pidfd = std::move(datagram->fds[0]);
  spawned.socket = std::move(sockets->ours);
  return spawned;
}

// A zygote that failed once could answer an old request with its next reply: it is not asked again.
tl::unexpected<Fault> Zygote::lose(Fault fault) {
  end();
  if (fault.code == EAGAIN) fault = Fault{EPIPE, "the zygote did not answer in time"};
  if (fault.code == ECONNRESET) fault.code = EPIPE;
  return fail(std::move(fault));
}

void Zygote::end() {
  control_.reset();
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);  // not reaped yet, so the number is still its own
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

Zygote::Zygote(Zygote&& other) noexcept { *this = std::move(other); }

Zygote& Zygote::operator=(Zygote&& other) noexcept {
  if (this == &other) return *this;
  end();
  control_ = std::move(other.control_);
  pid_ = std::exchange(other.pid_, -1);
  build_ = std::move(other.build_);
  introduced_ = other.introduced_;
  ready_ = other.ready_;
  with_safepoint_ = other.with_safepoint_;
  children_ = other.children_;
  return *this;
}

Zygote::~Zygote() { end(); }

}  // namespace slack::sandbox

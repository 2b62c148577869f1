// The inside of a zygote: takes spawn requests, clones a child for each, and tells what became of it.
#include "daemon/sandbox/policy/zygote_server.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "daemon/base/socket.hpp"
#include "daemon/sandbox/policy/confine.hpp"
#include "daemon/sandbox/policy/loaded_builds.hpp"

namespace slack::sandbox {
namespace {

// A child's namespaces, each its own. The network namespace is the zygote's: empty, and shared by all its children,
// because making one costs four times as much as all the others together.
constexpr std::uint64_t kChildNamespaces = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;

template <typename Message>
void set_fault(Message& message, const Fault& fault) {
  message.error = fault.code != 0 ? fault.code : EIO;
  std::strncpy(message.what, fault.what.c_str(), sizeof message.what - 1);
}

// A child that could not be confined says why through this pipe; one that could closes it with its other descriptors.
struct FaultPipe {
  Fd read;
  Fd write;
};

struct ChildFault {
  std::int32_t error;
  char what[sizeof(wire::SpawnReply::what)];
};

Expected<FaultPipe> make_fault_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return fail("pipe");
  return FaultPipe{Fd(ends[0]), Fd(ends[1])};
}

[[noreturn]] void be_child(const ZygoteGround& ground, const wire::SpawnRequest& request, std::vector<Fd>& fds,
                           const FaultPipe& faults, const std::function<int(Confined)>& child_main) {
  const int safepoint = fds.size() > 1 ? fds[1].get() : -1;
  if (auto confined = confine_child(ground, request, fds[0].get(), safepoint); !confined) {
    ChildFault fault{};
    set_fault(fault, confined.error());
    (void)!::write(faults.write.get(), &fault, sizeof fault);
    ::_exit(1);
  }
  Confined confined{Fd(kChildSocket), safepoint >= 0 ? Fd(kChildSafepoint) : Fd(), request};
  // _exit: destructors and exit handlers of the zygote's libraries are not the child's business.
  ::_exit(child_main(std::move(confined)));
}

struct Child {
  pid_t pid = -1;
  Fd pidfd;
};

// The child is the daemon's own (CLONE_PARENT), so that the daemon can wait for it.
Expected<Child> clone_child(const ZygoteGround& ground, const wire::SpawnRequest& request, std::vector<Fd>& fds,
                            const FaultPipe& faults, const std::function<int(Confined)>& child_main) {
  int pidfd = -1;
  clone_args arguments{};
  arguments.flags = kChildNamespaces | CLONE_PARENT | CLONE_PIDFD | CLONE_CLEAR_SIGHAND;
  arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  const long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid < 0) return fail("clone a child");
  if (pid == 0) be_child(ground, request, fds, faults, child_main);
  return Child{static_cast<pid_t>(pid), Fd(pidfd)};
}

// Answers one request; the child's pidfd is in `child` whenever there is a child.
wire::SpawnReply spawn(const ZygoteGround& ground, const Datagram& datagram, std::vector<Fd>& fds, Child& child,
                       const std::function<int(Confined)>& child_main) {
  wire::SpawnReply reply{};
  wire::SpawnRequest request{};
  if (datagram.bytes.size() != sizeof request || fds.empty() || fds.size() > 2) {
    set_fault(reply, Fault{EBADMSG, "spawn request of the wrong form"});
    return reply;
  }
  std::memcpy(&request, datagram.bytes.data(), sizeof request);
  auto faults = make_fault_pipe();
  if (!faults) {
    set_fault(reply, faults.error());
    return reply;
  }
  auto cloned = clone_child(ground, request, fds, *faults, child_main);
  if (!cloned) {
    set_fault(reply, cloned.error());
    return reply;
  }
  child = std::move(*cloned);
  reply.pid = child.pid;
  faults->write.reset();
  ChildFault fault{};
  ssize_t got = 0;
  do {
    got = ::read(faults->read.get(), &fault, sizeof fault);
  } while (got < 0 && errno == EINTR);
  if (got == sizeof fault) set_fault(reply, Fault{fault.error, fault.what});
  return reply;
}

}  // namespace

int serve(Fd control, const std::function<int(Confined)>& child_main, const std::function<void()>& warm_up) {
  wire::ZygoteIntroduction introduction{};
  const std::string builds = loaded_builds().substr(0, sizeof introduction.builds);
  introduction.bytes = static_cast<std::uint32_t>(builds.size());
  std::memcpy(introduction.builds, builds.data(), builds.size());
  if (!send_datagram(control.get(), bytes_of(introduction))) return 1;
  if (warm_up != nullptr) warm_up();
  auto ground = ground_zygote(control.get());
  wire::ZygoteReady ready{};
  if (!ground) set_fault(ready, ground.error());
  if (!send_datagram(control.get(), bytes_of(ready)) || !ground) return 1;
  for (;;) {
    auto datagram = receive_datagram(control.get(), sizeof(wire::SpawnRequest));
    if (!datagram) return 1;
    if (datagram->bytes.empty()) return 0;  // the daemon is gone
    Child child;
    const wire::SpawnReply reply = spawn(*ground, *datagram, datagram->fds, child, child_main);
    const int pidfd = child.pidfd.get();
    const std::span<const int> passed(&pidfd, child.pidfd.valid() ? 1 : 0);
    if (!send_datagram(control.get(), bytes_of(reply), passed)) return 1;
  }
}

}  // namespace slack::sandbox

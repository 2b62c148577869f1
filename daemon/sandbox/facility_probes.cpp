// Probes: each tries one thing on this machine for real, in a child process that is gone afterwards.
#include "daemon/sandbox/facility_probes.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "daemon/base/address_map.hpp"
#include "daemon/base/fd.hpp"
#include "daemon/base/kernel_abi.hpp"
#include "daemon/sandbox/identity.hpp"
#include "daemon/sandbox/mapping_namespace.hpp"
#include "daemon/sandbox/policy/private_root.hpp"
#include "daemon/sandbox/policy/user_namespace.hpp"

namespace slack::sandbox {
namespace {

struct ProbeFault {
  std::int32_t error;
  char what[200];
};

// Runs `attempt` in a child; a child that died without an answer has failed.
template <typename Attempt>
Expected<void> in_child(const Attempt& attempt) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return fail("pipe");
  const Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) return fail("fork");
  if (pid == 0) {
    ProbeFault fault{};
    if (const Expected<void> result = attempt(); !result) {
      fault.error = result.error().code;
      std::strncpy(fault.what, result.error().what.c_str(), sizeof fault.what - 1);
    }
    ::_exit(::write(write_end.get(), &fault, sizeof fault) == sizeof fault ? 0 : 1);
  }
  write_end.reset();
  ProbeFault fault{};
  const ssize_t got = ::read(read_end.get(), &fault, sizeof fault);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (got != sizeof fault) return fail("the probe died", ECHILD);
  if (fault.error != 0) return fail(Fault{fault.error, fault.what});
  return {};
}

Expected<void> take_childs_identity() {
  const auto identity = identity_for_children();
  if (!identity) return fail(identity.error());
  return take(*identity);
}

// As a worker does it: user-mode only, write-protect on a shared memfd page.
Expected<void> try_userfaultfd() {
  if (auto taken = take_childs_identity(); !taken) return taken;
  const auto memfd = make_memfd("slack-probe");
  if (!memfd) return fail(memfd.error());
  constexpr std::size_t size = address_map::kPageBytes;
  if (::ftruncate(memfd->get(), size) < 0) return fail("ftruncate");
  void* page = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, memfd->get(), 0);
  if (page == MAP_FAILED) return fail("mmap");
  const Fd userfaultfd(static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY)));
  if (!userfaultfd.valid()) return fail("userfaultfd");
  uffdio_api api{};
  api.api = UFFD_API;
  api.features = UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_WP_HUGETLBFS_SHMEM | UFFD_FEATURE_THREAD_ID |
                 UFFD_FEATURE_EXACT_ADDRESS;
  if (::ioctl(userfaultfd.get(), UFFDIO_API, &api) < 0)
    return fail("userfaultfd: write-protection of shared memory (Linux 5.19)");
  uffdio_register range{};
  range.range = {reinterpret_cast<std::uint64_t>(page), size};
  range.mode = UFFDIO_REGISTER_MODE_WP;
  if (::ioctl(userfaultfd.get(), UFFDIO_REGISTER, &range) < 0) return fail("UFFDIO_REGISTER");
  std::memset(page, 1, size);
  uffdio_writeprotect protect{range.range, UFFDIO_WRITEPROTECT_MODE_WP};
  if (::ioctl(userfaultfd.get(), UFFDIO_WRITEPROTECT, &protect) < 0) return fail("UFFDIO_WRITEPROTECT");
  return {};
}

Expected<void> try_user_namespaces() {
  if (auto taken = take_childs_identity(); !taken) return taken;
  const Fd proc(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!proc.valid()) return fail("open /proc");
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID) < 0)
    return fail("unshare");
  if (auto mapped = map_self(proc.get(), uid, gid); !mapped) return mapped;
  return enter_private_root(Bytes(0));
}

Expected<void> try_mseal() {
  void* page = ::mmap(nullptr, address_map::kPageBytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return fail("mmap");
  if (::syscall(kernel_abi::kSysMseal, page, address_map::kPageBytes, 0) != 0) return fail("mseal");
  if (::munmap(page, address_map::kPageBytes) == 0) return fail("mseal does not seal", ENOTSUP);
  return {};
}

Expected<void> try_realtime() {
  const sched_param parameters{1};
  if (::sched_setscheduler(0, SCHED_FIFO, &parameters) < 0) return fail("sched_setscheduler");
  return {};
}

// On a tmpfs of its own (Linux 6.3); where that is refused, on the root file system.
Expected<void> try_idmapped_mount() {
  const auto mapping = make_mapping_namespace(IdPair{0, 0}, IdPair{kNobody, kNogroup});
  if (!mapping) return fail(mapping.error());
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = static_cast<std::uint64_t>(mapping->get());
  const auto maps = [&](int mount) {
    return mount >= 0 && ::mount_setattr(mount, "", AT_EMPTY_PATH, &attributes, sizeof attributes) == 0;
  };
  const Fd context(::fsopen("tmpfs", FSOPEN_CLOEXEC));
  const bool made = context.valid() && ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0;
  const Fd tmpfs(made ? ::fsmount(context.get(), FSMOUNT_CLOEXEC, 0) : -1);
  if (maps(tmpfs.get())) return {};
  const Fd root(::open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (maps(root.get())) return {};
  return fail("mount_setattr");
}

// On our own root, never on a client's directory. Workers inherit whatever forbids it to us.
Expected<void> try_openat2() {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT;
  const Fd opened(static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof how)));
  if (!opened.valid() && (errno == ENOSYS || errno == EPERM))
    return fail(
        Fault{ENOSYS,
              "openat2 is missing (Linux before 5.6) or forbidden (RestrictSUIDSGID= in the unit of slackd does "
              "that)"});
  if (!opened.valid()) return fail("openat2");
  return {};
}

}  // namespace

Expected<void> probe_user_namespaces() { return in_child(try_user_namespaces); }
Expected<void> probe_userfaultfd() { return in_child(try_userfaultfd); }
Expected<void> probe_mseal() { return in_child(try_mseal); }
Expected<void> probe_realtime() { return in_child(try_realtime); }
Expected<void> probe_idmapped_mounts() { return in_child(try_idmapped_mount); }
Expected<void> probe_openat2() { return in_child(try_openat2); }

}  // namespace slack::sandbox

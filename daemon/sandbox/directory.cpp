// Directories: a client's directory made fit to be handed to a worker.
#include "daemon/sandbox/directory.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>

#include "daemon/base/socket.hpp"
#include "daemon/sandbox/identity.hpp"
#include "daemon/sandbox/mapping_namespace.hpp"

namespace slack::sandbox {
namespace {

// Where the mount is cloned: only in the mount namespace that holds it does the kernel allow that.
enum class Place {
  here,           // slackd's own, as root
  of_init,        // the machine's, as root: slackd lives in one of its own (a hardened service)
  own_namespace,  // a fresh copy of slackd's own in a fresh user namespace, without root
};

struct CloneFault {
  std::int32_t error;
  std::int32_t not_in_namespace;  // 1: the directory's mount is not in the namespace that was tried
};

// One namespace for each client; a client more than this lets the others go, to be made again when they come back.
constexpr std::size_t kMaxMappings = 64;

Expected<Fd> mapping_of(IdPair client) {
  static std::mutex mutex;
  static std::map<IdPair, Fd> mappings;
  const std::lock_guard lock(mutex);
  if (const auto found = mappings.find(client); found != mappings.end()) return found->second.duplicate();
  const auto worker = identity_for_children();
  if (!worker) return fail(worker.error());
  auto made = make_mapping_namespace(client, IdPair{worker->uid, worker->gid});
  if (!made) return made;
  if (mappings.size() >= kMaxMappings) mappings.clear();
  auto copy = made->duplicate();
  mappings.emplace(client, std::move(*made));
  return copy;
}

tl::expected<Fd, CloneFault> clone_mount(int directory, bool read_only, const Fd& mapping) {
  const bool by_cwd = directory < 0;
  // Recursive: without it what lies under a mount point would come to light, which its owner has covered.
  Fd tree(::open_tree(by_cwd ? AT_FDCWD : directory, "",
                      OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE));
  if (!tree.valid()) return tl::unexpected(CloneFault{errno, errno == EINVAL ? 1 : 0});
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  if (read_only) attributes.attr_set |= MOUNT_ATTR_RDONLY;
  if (mapping.valid()) {
    attributes.attr_set |= MOUNT_ATTR_IDMAP;
    attributes.userns_fd = static_cast<std::uint64_t>(mapping.get());
  }
  if (::mount_setattr(tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes) < 0)
    return tl::unexpected(CloneFault{errno, 0});
  return tree;
}

// In a helper process, because a change of namespace is for good.
tl::expected<Fd, CloneFault> clone_mount_at(Place place, int directory, bool read_only, const Fd& mapping) {
  if (place == Place::of_init) {
    const Fd init(::open("/proc/1/ns/mnt", O_RDONLY | O_CLOEXEC));
    if (!init.valid() || ::setns(init.get(), CLONE_NEWNS) < 0) return tl::unexpected(CloneFault{errno, 1});
    return clone_mount(directory, read_only, mapping);
  }
  // The working directory is the one thing that a copied mount namespace translates to its own mounts.
  if (::fchdir(directory) < 0) return tl::unexpected(CloneFault{errno, 0});
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) return tl::unexpected(CloneFault{errno, 0});
  return clone_mount(-1, read_only, mapping);
}

[[noreturn]] void be_helper(int socket, Place place, int directory, bool read_only, const Fd& mapping) {
  const auto tree = clone_mount_at(place, directory, read_only, mapping);
  const CloneFault fault = tree ? CloneFault{0, 0} : tree.error();
  const int fd = tree ? tree->get() : -1;
  const bool sent = send_datagram(socket, bytes_of(fault), std::span<const int>(&fd, tree ? 1 : 0)).has_value();
  ::_exit(sent ? 0 : 1);
}

tl::expected<Fd, CloneFault> clone_mount_elsewhere(Place place, int directory, bool read_only, const Fd& mapping) {
  auto sockets = make_socket_pair();
  if (!sockets) return tl::unexpected(CloneFault{sockets.error().code, 0});
  const pid_t pid = ::fork();
  if (pid < 0) return tl::unexpected(CloneFault{errno, 0});
  if (pid == 0) be_helper(sockets->theirs.get(), place, directory, read_only, mapping);
  sockets->theirs.reset();
  auto answer = receive_datagram(sockets->ours.get(), sizeof(CloneFault));
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (!answer) return tl::unexpected(CloneFault{answer.error().code, 0});
  CloneFault fault{EPROTO, 0};
  if (answer->bytes.size() == sizeof fault) std::memcpy(&fault, answer->bytes.data(), sizeof fault);
  if (fault.error != 0 || answer->fds.size() != 1) return tl::unexpected(fault);
  return std::move(answer->fds[0]);
}

std::string explain(const CloneFault& fault, bool mapped, uid_t client_uid) {
  if (fault.not_in_namespace != 0)
    return "hand in a directory: it is not mounted where slackd can see it (another mount namespace, or a detached "
           "mount)";
  if (fault.error == EINVAL && mapped) {
    // Root's own slackd would have to map them just the same.
    const char* other_way = client_uid == 0 ? "" : "; or use a private slackd of your own (slackctl run --private)";
    return "hand in a directory: its file system, or one mounted below it (as /proc is below /), cannot map user ids "
           "(idmapped mounts): name a directory with nothing but ext4, xfs, btrfs or tmpfs in it" +
           std::string(other_way);
  }
  if (fault.error == EPERM && mapped)
    return "hand in a directory: it lies on a mount that maps user ids already, which the kernel does not map again";
  return fault_from_errno("hand in a directory", fault.error).what;
}

// Asks nothing of the file system itself: one on a network or in FUSE could hold up whoever asks it, for ever.
Expected<void> check_directory(int directory, const Facilities& facilities) {
  struct statx status{};
  if (::statx(directory, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &status) < 0)
    return fail("hand in a directory");
  if (!S_ISDIR(status.stx_mode)) return fail("hand in a directory", ENOTDIR);
  if (facilities.openat2) return {};
  const auto reason = facilities.reasons.find("openat2");
  return fail(Fault{ENOSYS, "hand in a directory: a worker could open nothing in it: " +
                                (reason == facilities.reasons.end() ? "openat2 is not available" : reason->second)});
}

}  // namespace

Expected<Fd> hand_in_directory(int directory, uid_t client_uid, gid_t client_gid, bool read_only,
                               const Facilities& facilities) {
  if (auto checked = check_directory(directory, facilities); !checked) return fail(checked.error());
  Fd mapping;
  if (facilities.privileged && facilities.idmapped_mounts) {
    auto found = mapping_of(IdPair{client_uid, client_gid});
    if (!found) return found;
    mapping = std::move(*found);
  }
  const auto tree = [&]() -> tl::expected<Fd, CloneFault> {
    if (!facilities.privileged) return clone_mount_elsewhere(Place::own_namespace, directory, read_only, mapping);
    auto here = clone_mount(directory, read_only, mapping);
    if (here || here.error().not_in_namespace == 0) return here;
    return clone_mount_elsewhere(Place::of_init, directory, read_only, mapping);
  };
  auto result = tree();
  if (!result) return fail(Fault{result.error().error, explain(result.error(), mapping.valid(), client_uid)});
  return std::move(*result);
}

}  // namespace slack::sandbox

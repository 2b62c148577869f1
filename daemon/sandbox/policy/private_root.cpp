// PrivateRoot: replaces everything a process sees of the file system by an empty tmpfs.
#include "daemon/sandbox/policy/private_root.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>

#include "daemon/base/fd.hpp"

namespace slack::sandbox {
namespace {

// One inode a page is more than any compiler needs, and bounds what inodes alone could take.
constexpr std::uint64_t kBytesPerInode = 4096;

Expected<Fd> make_tmpfs(Bytes size) {
  const Fd context(::fsopen("tmpfs", FSOPEN_CLOEXEC));
  if (!context.valid()) return fail("fsopen tmpfs");
  const bool empty = size == Bytes(0);
  // A size of 0 would mean "no limit" to tmpfs; a page is the least it takes.
  const std::uint64_t bytes = empty ? kBytesPerInode : size.count();
  const std::uint64_t inodes = empty ? 1 : bytes / kBytesPerInode + 16;
  const auto set = [&](const char* key, const std::string& value) {
    return ::fsconfig(context.get(), FSCONFIG_SET_STRING, key, value.c_str(), 0) == 0;
  };
  if (!set("size", std::to_string(bytes)) || !set("nr_inodes", std::to_string(inodes)) ||
      !set("mode", empty ? "0555" : "0700"))
    return fail("configure a tmpfs");
  if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0) return fail("create a tmpfs");
  const unsigned attributes =
      MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | (empty ? MOUNT_ATTR_RDONLY : 0u);
  Fd mount(::fsmount(context.get(), FSMOUNT_CLOEXEC, attributes));
  if (!mount.valid()) return fail("fsmount tmpfs");
  return mount;
}

}  // namespace

Expected<void> enter_private_root(Bytes size) {
  // Without this, mounts and unmounts below would reach the namespace that ours was copied from.
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0) return fail("make all mounts private");
  const auto tmpfs = make_tmpfs(size);
  if (!tmpfs) return fail(tmpfs.error());
  if (::move_mount(tmpfs->get(), "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0) return fail("mount a tmpfs");
  if (::fchdir(tmpfs->get()) < 0) return fail("enter a tmpfs");
  // "." twice: the old root comes to lie over the new one and is taken off at once (pivot_root(2), NOTES).
  if (::syscall(SYS_pivot_root, ".", ".") < 0) return fail("pivot_root");
  if (::umount2(".", MNT_DETACH) < 0) return fail("detach the old root");
  if (::chdir("/") < 0) return fail("enter the new root");
  return {};
}

}  // namespace slack::sandbox

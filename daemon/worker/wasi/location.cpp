// Finds the directory of a path's last component, or the object that the path names.
#include "daemon/worker/wasi/location.hpp"

#include <fcntl.h>

namespace slack::worker::wasi {

Errno locate(Wasi& wasi, GuestMemory memory, U32 fd, std::uint64_t right, U32 address, U32 length, Location& out) {
  const auto found = wasi.descriptors.directory(fd, right);
  if (!found) return found.error();
  const Descriptor& directory = **found;
  if (const Errno error = read_path(memory, address, length, out.path); error != Errno::success) return error;
  if (directory.read_only) return Errno::rofs;
  const Split split = split_path(out.path.view());
  out.name = split.name.data();
  out.directory = directory.fd.get();
  out.depth = depth_after(directory.depth, split.parent).value_or(0);
  // The calls on a last component do nothing to "..", but would answer about what lies outside.
  if (without_slashes(split.name) == "..") {
    const auto above = open_beneath(out.directory, out.path.bytes.data(), O_PATH | O_DIRECTORY);
    if (!above) return above.error();
  }
  if (split.parent.empty()) return Errno::success;
  out.path.bytes[split.parent.size()] = '\0';
  auto opened = open_beneath(out.directory, out.path.bytes.data(), O_PATH | O_DIRECTORY);
  if (!opened) return opened.error();
  out.opened = std::move(*opened);
  out.directory = out.opened.get();
  return Errno::success;
}

Result<Fd> reach(const Descriptor& directory, GuestMemory memory, U32 lookup, U32 address, U32 length) {
  if ((lookup & ~lookupflags::all) != 0) return tl::unexpected(Errno::inval);
  Path path;
  if (const Errno error = read_path(memory, address, length, path); error != Errno::success)
    return tl::unexpected(error);
  const std::uint64_t follow = (lookup & lookupflags::symlink_follow) != 0 ? 0 : O_NOFOLLOW;
  return open_beneath(directory.fd.get(), path.bytes.data(), O_PATH | follow);
}

}  // namespace slack::worker::wasi

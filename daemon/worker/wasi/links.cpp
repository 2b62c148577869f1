// Hard and symbolic links below preopened directories.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "daemon/worker/wasi/location.hpp"

namespace slack::worker::wasi {

// EINVAL for symlink_follow, as wasmtime has it: without privilege Linux links only by name, and the name that a link
// leads to may be another one by the time it is used.
Errno path_link(Wasi& wasi, GuestMemory memory, U32 old_fd, U32 lookup, U32 old_path, U32 old_length, U32 new_fd,
                U32 new_path, U32 new_length) {
  Location from;
  Location to;
  if (const Errno error = locate(wasi, memory, old_fd, rights::path_link_source, old_path, old_length, from);
      error != Errno::success)
    return error;
  if (const Errno error = locate(wasi, memory, new_fd, rights::path_link_target, new_path, new_length, to);
      error != Errno::success)
    return error;
  if (lookup != 0) return Errno::inval;
  // With a slash at its end linkat would follow a link. It can then name a directory only, which has one name.
  if (std::string_view(from.name).ends_with('/')) {
    const auto source = open_beneath(from.directory, from.name, O_PATH | O_DIRECTORY);
    return source ? Errno::perm : source.error();
  }
  return ::linkat(from.directory, from.name, to.directory, to.name, 0) == 0 ? Errno::success : last_error();
}

// A target that is absolute, or climbs above the preopened directory as it is written, is EPERM: inside, such a link
// leads nowhere, and whoever reads the directory from outside shall not be led astray. (Moved elsewhere later, a link
// may still point outside; every lookup from inside is bounded by openat2.)
Errno path_symlink(Wasi& wasi, GuestMemory memory, U32 target, U32 target_length, U32 fd, U32 path, U32 length) {
  const auto directory = wasi.descriptors.directory(fd, rights::path_symlink);
  if (!directory) return directory.error();
  Path to;
  if (const Errno error = read_path(memory, target, target_length, to); error != Errno::success) return error;
  Location place;
  if (const Errno error = locate(wasi, memory, fd, rights::path_symlink, path, length, place); error != Errno::success)
    return error;
  if (!depth_after(place.depth, to.view())) return Errno::perm;
  return ::symlinkat(to.bytes.data(), place.directory, place.name) == 0 ? Errno::success : last_error();
}

Errno path_readlink(Wasi& wasi, GuestMemory memory, U32 fd, U32 path, U32 length, U32 buffer, U32 buffer_length,
                    U32 used) {
  const auto directory = wasi.descriptors.directory(fd, rights::path_readlink);
  if (!directory) return directory.error();
  std::byte* to = memory.range(buffer, buffer_length);
  if (to == nullptr || memory.range(used, 4) == nullptr) return Errno::fault;
  const auto link = reach(**directory, memory, 0, path, length);
  if (!link) return link.error();
  std::array<char, kMaxPath> target;
  const ssize_t size = ::readlinkat(link->get(), "", target.data(), target.size());
  // An empty path on what is no link is ENOENT for the kernel and EINVAL for POSIX.
  if (size < 0) return errno == ENOENT ? Errno::inval : last_error();
  const auto copied = std::min<std::uint64_t>(static_cast<std::uint64_t>(size), buffer_length);
  std::memcpy(to, target.data(), copied);
  return memory.store(used, static_cast<U32>(copied)) ? Errno::success : Errno::fault;
}

}  // namespace slack::worker::wasi

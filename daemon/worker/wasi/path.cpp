// The functions on paths below a preopened directory.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "daemon/worker/wasi/lookup.hpp"
#include "daemon/worker/wasi/stream.hpp"

namespace slack::worker::wasi {
namespace {

Errno result_of(int outcome) { return outcome == 0 ? Errno::success : last_error(); }

// The directory that holds a path's last component: the one given, or one opened on the way.
struct Location {
  Fd opened;
  int directory = -1;
  Path path;
  const char* name = nullptr;  // within `path`
};

Errno locate(Wasi& wasi, GuestMemory memory, U32 fd, std::uint64_t right, U32 address, U32 length, Location& out) {
  const auto directory = wasi.descriptors.directory(fd, right);
  if (!directory) return directory.error();
  if (const Errno error = read_path(memory, address, length, out.path); error != Errno::success) return error;
  if ((*directory)->read_only) return Errno::rofs;
  const Split split = split_path(out.path.view());
  out.name = split.name.data();
  out.directory = (*directory)->fd.get();
  if (split.parent.empty()) return Errno::success;
  out.path.bytes[split.parent.size()] = '\0';
  auto opened = open_beneath(out.directory, out.path.bytes.data(), O_PATH | O_DIRECTORY);
  if (!opened) return opened.error();
  out.opened = std::move(*opened);
  out.directory = out.opened.get();
  return Errno::success;
}

// The path's own object, not opened for anything but to be asked about.
Result<Fd> reach(Wasi& wasi, GuestMemory memory, U32 fd, std::uint64_t right, U32 lookup, U32 address, U32 length) {
  const auto directory = wasi.descriptors.directory(fd, right);
  if (!directory) return tl::unexpected(directory.error());
  Path path;
  if (const Errno error = read_path(memory, address, length, path); error != Errno::success)
    return tl::unexpected(error);
  const std::uint64_t follow = (lookup & lookupflags::symlink_follow) != 0 ? 0 : O_NOFOLLOW;
  return open_beneath((*directory)->fd.get(), path.bytes.data(), O_PATH | follow);
}

}  // namespace

Errno path_create_directory(Wasi& wasi, GuestMemory memory, U32 fd, U32 path, U32 length) {
  Location place;
  const Errno error = locate(wasi, memory, fd, rights::path_create_directory, path, length, place);
  return error == Errno::success ? result_of(::mkdirat(place.directory, place.name, 0777)) : error;
}

Errno path_filestat_get(Wasi& wasi, GuestMemory memory, U32 fd, U32 lookup, U32 path, U32 length, U32 address) {
  const auto reached = reach(wasi, memory, fd, rights::path_filestat_get, lookup, path, length);
  if (!reached) return reached.error();
  const auto stat = stat_of(reached->get());
  if (!stat) return stat.error();
  return memory.store(address, *stat) ? Errno::success : Errno::fault;
}

Errno path_open(Wasi& wasi, GuestMemory memory, U32 fd, U32 lookup, U32 address, U32 length, U32 open_flags, U64 base,
                U64 inheriting, U32 flags, U32 opened) {
  const auto directory = wasi.descriptors.directory(fd, rights::path_open);
  if (!directory) return directory.error();
  Path path;
  if (const Errno error = read_path(memory, address, length, path); error != Errno::success) return error;
  if (memory.range(opened, 4) == nullptr) return Errno::fault;
  const auto request = plan_open(**directory, OpenArguments{lookup, open_flags, base, inheriting, flags});
  if (!request) return request.error();

  const std::uint64_t mode = (request->flags & O_CREAT) != 0 ? 0666 : 0;
  auto file = open_beneath((*directory)->fd.get(), path.bytes.data(), request->flags, mode);
  if (!file) return file.error();
  struct stat status{};
  if (::fstat(file->get(), &status) < 0) return last_error();

  Descriptor descriptor;
  descriptor.fd = std::move(*file);
  descriptor.type = type_of_mode(status.st_mode);
  descriptor.read_only = (*directory)->read_only;
  if (S_ISDIR(status.st_mode)) {
    descriptor.kind = Descriptor::Kind::directory;
    descriptor.base = request->base & rights::kDirectory;
    descriptor.inheriting = request->inheriting;
  } else {
    descriptor.kind = Descriptor::Kind::file;
    descriptor.base = request->base & rights::kFile;
  }
  const auto number = wasi.descriptors.insert(std::move(descriptor));
  if (!number) return number.error();
  return memory.store(opened, *number) ? Errno::success : Errno::fault;
}

Errno path_readlink(Wasi& wasi, GuestMemory memory, U32 fd, U32 path, U32 length, U32 buffer, U32 buffer_length,
                    U32 used) {
  const auto link = reach(wasi, memory, fd, rights::path_readlink, 0, path, length);
  if (!link) return link.error();
  std::byte* to = memory.range(buffer, buffer_length);
  if (to == nullptr || memory.range(used, 4) == nullptr) return Errno::fault;
  std::array<char, kMaxPath> target;
  const ssize_t size = ::readlinkat(link->get(), "", target.data(), target.size());
  // An empty path on what is no link is ENOENT for the kernel and EINVAL for POSIX.
  if (size < 0) return errno == ENOENT ? Errno::inval : last_error();
  const auto copied = std::min<std::uint64_t>(static_cast<std::uint64_t>(size), buffer_length);
  std::memcpy(to, target.data(), copied);
  return memory.store(used, static_cast<U32>(copied)) ? Errno::success : Errno::fault;
}

Errno path_remove_directory(Wasi& wasi, GuestMemory memory, U32 fd, U32 path, U32 length) {
  Location place;
  const Errno error = locate(wasi, memory, fd, rights::path_remove_directory, path, length, place);
  return error == Errno::success ? result_of(::unlinkat(place.directory, place.name, AT_REMOVEDIR)) : error;
}

Errno path_rename(Wasi& wasi, GuestMemory memory, U32 fd, U32 path, U32 length, U32 new_fd, U32 new_path,
                  U32 new_length) {
  Location from;
  Location to;
  Errno error = locate(wasi, memory, fd, rights::path_rename_source, path, length, from);
  if (error == Errno::success)
    error = locate(wasi, memory, new_fd, rights::path_rename_target, new_path, new_length, to);
  return error == Errno::success ? result_of(::renameat(from.directory, from.name, to.directory, to.name)) : error;
}

Errno path_unlink_file(Wasi& wasi, GuestMemory memory, U32 fd, U32 path, U32 length) {
  Location place;
  const Errno error = locate(wasi, memory, fd, rights::path_unlink_file, path, length, place);
  return error == Errno::success ? result_of(::unlinkat(place.directory, place.name, 0)) : error;
}

}  // namespace slack::worker::wasi

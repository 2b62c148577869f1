// The functions on paths below a preopened directory.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "daemon/worker/wasi/location.hpp"
#include "daemon/worker/wasi/stream.hpp"

namespace slack::worker::wasi {
namespace {

Errno result_of(int outcome) { return outcome == 0 ? Errno::success : last_error(); }

}  // namespace

Errno path_create_directory(Wasi& wasi, GuestMemory memory, U32 fd, U32 path, U32 length) {
  Location place;
  const Errno error = locate(wasi, memory, fd, rights::path_create_directory, path, length, place);
  return error == Errno::success ? result_of(::mkdirat(place.directory, place.name, 0777)) : error;
}

Result<FileStat> stat_path(Wasi& wasi, GuestMemory memory, U32 fd, U32 lookup, U32 path, U32 length) {
  const auto directory = wasi.descriptors.directory(fd, rights::path_filestat_get);
  if (!directory) return tl::unexpected(directory.error());
  const auto reached = reach(**directory, memory, lookup, path, length);
  if (!reached) return tl::unexpected(reached.error());
  return stat_of(reached->get());
}

Errno path_filestat_get(Wasi& wasi, GuestMemory memory, U32 fd, U32 lookup, U32 path, U32 length, U32 address) {
  const auto stat = stat_path(wasi, memory, fd, lookup, path, length);
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
    descriptor.depth = depth_after((*directory)->depth, path.view()).value_or(0);
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

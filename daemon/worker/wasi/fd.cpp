// The functions on open descriptors, directories' own ones excepted.
#include <fcntl.h>
#include <unistd.h>

#include "daemon/worker/wasi/stream.hpp"

namespace slack::worker::wasi {
namespace {

Errno result_of(int outcome) { return outcome == 0 ? Errno::success : last_error(); }

Errno store_count(GuestMemory memory, U32 address, const Result<std::uint64_t>& moved) {
  if (!moved) return moved.error();
  return memory.store(address, static_cast<U32>(*moved)) ? Errno::success : Errno::fault;
}

Errno read_into(Wasi& wasi, GuestMemory memory, const Result<Descriptor*>& from, U32 buffers, U32 count, Place place,
                U32 read) {
  if (!from) return from.error();
  const auto to = first_buffer(memory, buffers, count);
  if (!to) return to.error();
  if (memory.range(read, 4) == nullptr) return Errno::fault;
  return store_count(memory, read, read_some(wasi, **from, *to, place));
}

Errno write_from(Wasi& wasi, GuestMemory memory, const Result<Descriptor*>& to, U32 buffers, U32 count, Place place,
                 U32 written) {
  if (!to) return to.error();
  const auto from = first_buffer(memory, buffers, count);
  if (!from) return from.error();
  if (memory.range(written, 4) == nullptr) return Errno::fault;
  return store_count(memory, written, write_some(wasi, **to, *from, place));
}

std::uint16_t flags_of(int linux_flags) {
  std::uint16_t flags = 0;
  if ((linux_flags & O_APPEND) != 0) flags |= fdflags::append;
  if ((linux_flags & O_NONBLOCK) != 0) flags |= fdflags::nonblock;
  if ((linux_flags & O_SYNC) == O_SYNC)
    flags |= fdflags::sync | fdflags::rsync;
  else if ((linux_flags & O_DSYNC) != 0)
    flags |= fdflags::dsync;
  return flags;
}

// A file that can be sought: ESPIPE for standard streams.
Result<Descriptor*> seekable(Wasi& wasi, U32 fd, std::uint64_t right) {
  const auto found = wasi.descriptors.find(fd);
  if (found && ((*found)->kind == Descriptor::Kind::input || (*found)->kind == Descriptor::Kind::output))
    return tl::unexpected(Errno::spipe);
  return wasi.descriptors.file(fd, right);
}

Errno seek(const Descriptor& file, GuestMemory memory, std::int64_t offset, int whence, U32 position) {
  if (memory.range(position, 8) == nullptr) return Errno::fault;
  const off_t reached = ::lseek(file.fd.get(), offset, whence);
  if (reached < 0) return last_error();
  return memory.store(position, static_cast<std::uint64_t>(reached)) ? Errno::success : Errno::fault;
}

}  // namespace

Errno fd_advise(Wasi& wasi, GuestMemory, U32 fd, U64 offset, U64 length, U32 advice) {
  static constexpr int kAdvice[] = {POSIX_FADV_NORMAL,   POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
                                    POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED,   POSIX_FADV_NOREUSE};
  const auto file = wasi.descriptors.file(fd, rights::fd_advise);
  if (!file) return file.error();
  if (advice >= std::size(kAdvice)) return Errno::inval;
  const auto from = static_cast<off_t>(offset);
  const auto bytes = static_cast<off_t>(length);
  if (from < 0 || bytes < 0) return Errno::inval;
  return from_linux(::posix_fadvise((*file)->fd.get(), from, bytes, kAdvice[advice]));
}

Errno fd_allocate(Wasi& wasi, GuestMemory, U32 fd, U64 offset, U64 length) {
  const auto file = wasi.descriptors.file(fd, rights::fd_allocate);
  if (!file) return file.error();
  if (static_cast<off_t>(offset) < 0 || static_cast<off_t>(length) <= 0) return Errno::inval;
  return result_of(::fallocate((*file)->fd.get(), 0, static_cast<off_t>(offset), static_cast<off_t>(length)));
}

Errno fd_close(Wasi& wasi, GuestMemory, U32 fd) { return wasi.descriptors.close(fd); }

Errno fd_datasync(Wasi& wasi, GuestMemory, U32 fd) {
  const auto file = wasi.descriptors.file(fd, rights::fd_datasync);
  return file ? result_of(::fdatasync((*file)->fd.get())) : file.error();
}

Errno fd_sync(Wasi& wasi, GuestMemory, U32 fd) {
  const auto file = wasi.descriptors.file(fd, rights::fd_sync);
  return file ? result_of(::fsync((*file)->fd.get())) : file.error();
}

Errno fd_fdstat_get(Wasi& wasi, GuestMemory memory, U32 fd, U32 address) {
  const auto found = wasi.descriptors.find(fd);
  if (!found) return found.error();
  FdStat stat{};
  stat.type = (*found)->type;
  stat.rights_base = (*found)->base;
  stat.rights_inheriting = (*found)->inheriting;
  if ((*found)->kind == Descriptor::Kind::file) {
    const int flags = ::fcntl((*found)->fd.get(), F_GETFL);
    if (flags < 0) return last_error();
    stat.flags = flags_of(flags);
  }
  return memory.store(address, stat) ? Errno::success : Errno::fault;
}

// The flags of a standard stream belong to whoever handed it in, and Linux cannot change the synchronous ones.
Errno fd_fdstat_set_flags(Wasi& wasi, GuestMemory, U32 fd, U32 flags) {
  const auto file = wasi.descriptors.file(fd, rights::fd_fdstat_set_flags);
  if (!file) return file.error();
  if ((flags & ~U32{fdflags::append | fdflags::nonblock}) != 0) return Errno::inval;
  int wanted = 0;
  if ((flags & fdflags::append) != 0) wanted |= O_APPEND;
  if ((flags & fdflags::nonblock) != 0) wanted |= O_NONBLOCK;
  return ::fcntl((*file)->fd.get(), F_SETFL, wanted) < 0 ? last_error() : Errno::success;
}

Errno fd_fdstat_set_rights(Wasi& wasi, GuestMemory, U32 fd, U64 base, U64 inheriting) {
  const auto found = wasi.descriptors.find(fd);
  if (!found) return found.error();
  if ((base & ~(*found)->base) != 0 || (inheriting & ~(*found)->inheriting) != 0) return Errno::notcapable;
  (*found)->base = base;
  (*found)->inheriting = inheriting;
  return Errno::success;
}

// Nothing about the outside shows through a standard stream: all zero, but for a terminal's type.
Result<FileStat> stat_descriptor(Wasi& wasi, U32 fd) {
  const auto found = wasi.descriptors.find(fd);
  if (!found) return tl::unexpected(found.error());
  if ((*found)->kind == Descriptor::Kind::input || (*found)->kind == Descriptor::Kind::output) {
    FileStat stat;
    stat.type = (*found)->type;
    return stat;
  }
  if (const Errno error = check_rights(**found, rights::fd_filestat_get); error != Errno::success)
    return tl::unexpected(error);
  return stat_of((*found)->fd.get());
}

Errno fd_filestat_get(Wasi& wasi, GuestMemory memory, U32 fd, U32 address) {
  const auto stat = stat_descriptor(wasi, fd);
  if (!stat) return stat.error();
  return memory.store(address, *stat) ? Errno::success : Errno::fault;
}

Errno fd_filestat_set_size(Wasi& wasi, GuestMemory, U32 fd, U64 size) {
  const auto file = wasi.descriptors.file(fd, rights::fd_filestat_set_size);
  if (!file) return file.error();
  if (static_cast<off_t>(size) < 0) return Errno::inval;
  return result_of(::ftruncate((*file)->fd.get(), static_cast<off_t>(size)));
}

Errno fd_pread(Wasi& wasi, GuestMemory memory, U32 fd, U32 buffers, U32 count, U64 offset, U32 read) {
  const auto from = seekable(wasi, fd, rights::fd_read | rights::fd_seek);
  return read_into(wasi, memory, from, buffers, count, Place{true, offset}, read);
}

Errno fd_pwrite(Wasi& wasi, GuestMemory memory, U32 fd, U32 buffers, U32 count, U64 offset, U32 written) {
  const auto to = seekable(wasi, fd, rights::fd_write | rights::fd_seek);
  return write_from(wasi, memory, to, buffers, count, Place{true, offset}, written);
}

Errno fd_read(Wasi& wasi, GuestMemory memory, U32 fd, U32 buffers, U32 count, U32 read) {
  return read_into(wasi, memory, wasi.descriptors.stream(fd, rights::fd_read), buffers, count, {}, read);
}

Errno fd_write(Wasi& wasi, GuestMemory memory, U32 fd, U32 buffers, U32 count, U32 written) {
  return write_from(wasi, memory, wasi.descriptors.stream(fd, rights::fd_write), buffers, count, {}, written);
}

Errno fd_renumber(Wasi& wasi, GuestMemory, U32 from, U32 to) { return wasi.descriptors.renumber(from, to); }

Errno fd_seek(Wasi& wasi, GuestMemory memory, U32 fd, U64 offset, U32 whence, U32 position) {
  static constexpr int kWhence[] = {SEEK_SET, SEEK_CUR, SEEK_END};
  if (whence >= std::size(kWhence)) return Errno::inval;
  const bool stays = offset == 0 && kWhence[whence] == SEEK_CUR;
  const auto file = seekable(wasi, fd, stays ? rights::fd_tell : rights::fd_seek);
  if (!file) return file.error();
  return seek(**file, memory, static_cast<std::int64_t>(offset), kWhence[whence], position);
}

Errno fd_tell(Wasi& wasi, GuestMemory memory, U32 fd, U32 position) {
  const auto file = seekable(wasi, fd, rights::fd_tell);
  return file ? seek(**file, memory, 0, SEEK_CUR, position) : file.error();
}

}  // namespace slack::worker::wasi

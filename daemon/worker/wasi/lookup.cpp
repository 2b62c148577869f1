// Path checks, the plan of path_open, and openat2.
#include "daemon/worker/wasi/lookup.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "daemon/base/utf8.hpp"

namespace slack::worker::wasi {

Errno check_path(std::string_view path) {
  if (path.empty()) return Errno::noent;
  if (path.size() >= kMaxPath) return Errno::nametoolong;
  if (path.find('\0') != std::string_view::npos) return Errno::inval;
  if (valid_utf8_prefix(path) != path.size()) return Errno::ilseq;
  if (path.front() == '/') return Errno::perm;
  return Errno::success;
}

Errno read_path(GuestMemory memory, U32 address, U32 length, Path& out) {
  const std::byte* bytes = memory.range(address, length);
  if (bytes == nullptr) return Errno::fault;
  if (length >= kMaxPath) return Errno::nametoolong;
  std::memcpy(out.bytes.data(), bytes, length);
  out.bytes[length] = '\0';
  out.length = length;
  return check_path(out.view());
}

Result<Fd> open_beneath(int directory, const char* path, std::uint64_t flags, std::uint64_t mode) {
  // The kernel answers EAGAIN where a rename elsewhere may have raced with "..": open_how(2) says to try again.
  constexpr int kTries = 16;
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (int attempt = 1;; ++attempt) {
    const long raw = ::syscall(SYS_openat2, directory, path, &how, sizeof how);
    if (raw >= 0) return Fd(static_cast<int>(raw));
    if (errno == EXDEV) return tl::unexpected(Errno::perm);
    if (errno != EINTR && (errno != EAGAIN || attempt == kTries)) return tl::unexpected(last_error());
  }
}

Split split_path(std::string_view path) {
  const std::size_t end = path.find_last_not_of('/');
  if (end == std::string_view::npos) return {{}, path};
  const std::size_t slash = path.find_last_of('/', end);
  if (slash == std::string_view::npos) return {{}, path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

std::string_view without_slashes(std::string_view name) { return name.substr(0, name.find_last_not_of('/') + 1); }

std::optional<std::uint32_t> depth_after(std::uint32_t from, std::string_view path) {
  if (path.starts_with('/')) return std::nullopt;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (part != "..")
      ++from;
    else if (from-- == 0)
      return std::nullopt;
  }
  return from;
}

Result<OpenRequest> plan_open(const Descriptor& directory, const OpenArguments& arguments) {
  if ((arguments.lookup & ~lookupflags::all) != 0 || (arguments.open_flags & ~U32{oflags::all}) != 0 ||
      (arguments.flags & ~U32{fdflags::all}) != 0)
    return tl::unexpected(Errno::inval);
  const auto open_flag = [&](std::uint16_t flag) { return (arguments.open_flags & flag) != 0; };
  const bool creates = open_flag(oflags::creat);
  const bool truncates = open_flag(oflags::trunc);
  const bool wants_directory = open_flag(oflags::directory);
  if (wants_directory && creates) return tl::unexpected(Errno::inval);

  OpenRequest request;
  request.base = arguments.base & rights::kKnown;
  request.inheriting = arguments.inheriting & rights::kKnown;
  std::uint64_t handed_on = request.base | request.inheriting;
  // Either right to synchronise covers dsync, as witx has it.
  if ((arguments.flags & fdflags::dsync) != 0 && (directory.inheriting & rights::fd_sync) == 0)
    handed_on |= rights::fd_datasync;
  if ((arguments.flags & (fdflags::sync | fdflags::rsync)) != 0) handed_on |= rights::fd_sync;
  std::uint64_t own = 0;
  if (creates) own |= rights::path_create_file;
  if (truncates) own |= rights::path_filestat_set_size;
  if ((handed_on & ~directory.inheriting) != 0 || (own & ~directory.base) != 0)
    return tl::unexpected(Errno::notcapable);
  if ((request.base & rights::fd_seek) != 0) request.base |= rights::fd_tell & directory.inheriting;
  // C libraries and the official programs ask for fd_read or fd_write alone and poll.
  if ((request.base & (rights::fd_read | rights::fd_write)) != 0)
    request.base |= rights::poll_fd_readwrite & directory.inheriting;
  const bool reads = (request.base & rights::kReads) != 0;
  const bool writes = truncates || (request.base & rights::kWrites) != 0;

  if (directory.read_only && (writes || creates)) return tl::unexpected(Errno::rofs);

  std::uint64_t flags = O_NOCTTY;
  flags |= writes ? (reads ? O_RDWR : O_WRONLY) : O_RDONLY;
  if (creates) flags |= O_CREAT;
  if (truncates) flags |= O_TRUNC;
  if (wants_directory) flags |= O_DIRECTORY;
  if (creates && open_flag(oflags::excl)) flags |= O_EXCL;
  if ((arguments.lookup & lookupflags::symlink_follow) == 0) flags |= O_NOFOLLOW;
  if ((arguments.flags & fdflags::append) != 0) flags |= O_APPEND;
  if ((arguments.flags & fdflags::nonblock) != 0) flags |= O_NONBLOCK;
  if ((arguments.flags & fdflags::dsync) != 0) flags |= O_DSYNC;
  if ((arguments.flags & (fdflags::sync | fdflags::rsync)) != 0) flags |= O_SYNC;
  request.flags = flags;
  return request;
}

}  // namespace slack::worker::wasi

// Path checks, the plan of path_open, and openat2.
#include "daemon/worker/wasi/lookup.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace slack::worker::wasi {

// Well-formed UTF-8 after table 3-7 of the Unicode standard: no overlong forms, no surrogates, nothing over U+10FFFF.
bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    std::size_t following = 0;
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    if (lead < 0x80) {
      ++i;
      continue;
    }
    if (lead >= 0xc2 && lead <= 0xdf) {
      following = 1;
    } else if (lead >= 0xe0 && lead <= 0xef) {
      following = 2;
      if (lead == 0xe0) low = 0xa0;
      if (lead == 0xed) high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      following = 3;
      if (lead == 0xf0) low = 0x90;
      if (lead == 0xf4) high = 0x8f;
    } else {
      return false;
    }
    if (text.size() - i <= following) return false;
    for (std::size_t k = 1; k <= following; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if (next < low || next > high) return false;
      low = 0x80;
      high = 0xbf;
    }
    i += following + 1;
  }
  return true;
}

Errno check_path(std::string_view path) {
  if (path.empty()) return Errno::noent;
  if (path.size() >= kMaxPath) return Errno::nametoolong;
  if (path.find('\0') != std::string_view::npos) return Errno::inval;
  if (!is_utf8(path)) return Errno::ilseq;
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

Result<OpenRequest> plan_open(const Descriptor& directory, const OpenArguments& arguments) {
  if ((arguments.open_flags & ~U32{oflags::all}) != 0 || (arguments.flags & ~U32{fdflags::all}) != 0)
    return tl::unexpected(Errno::inval);
  const auto open_flag = [&](std::uint16_t flag) { return (arguments.open_flags & flag) != 0; };
  const bool creates = open_flag(oflags::creat);
  const bool truncates = open_flag(oflags::trunc);
  const bool wants_directory = open_flag(oflags::directory);

  OpenRequest request;
  request.base = arguments.base & directory.inheriting;
  request.inheriting = arguments.inheriting & directory.inheriting;
  if ((request.base & rights::fd_seek) != 0) request.base |= rights::fd_tell & directory.inheriting;
  const bool reads = (request.base & rights::kReads) != 0;
  const bool writes = (request.base & rights::kWrites) != 0;

  if (wants_directory && creates) return tl::unexpected(Errno::inval);
  if (truncates && !writes) return tl::unexpected(Errno::inval);
  if (creates) {
    if (const Errno error = check_rights(directory, rights::path_create_file); error != Errno::success)
      return tl::unexpected(error);
  }
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

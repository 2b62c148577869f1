// Reads a module from a file that someone else controls.
#include "jit/module_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <span>

#include "daemon/base/file_io.hpp"

namespace slack::jit {

namespace {

const char* kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return "a directory";
    case S_IFCHR:
      return "a character device";
    case S_IFBLK:
      return "a block device";
    case S_IFIFO:
      return "a pipe";
    case S_IFSOCK:
      return "a socket";
    default:
      return "something else";
  }
}

tl::unexpected<Fault> too_big(Bytes most) {
  return fail(Fault{EFBIG, fmt::format("module is larger than the limit of {} bytes", most.count())});
}

}  // namespace

Expected<std::vector<std::uint8_t>> read_module(int fd, Bytes most) {
  struct stat status{};
  if (::fstat(fd, &status) < 0) return fail("fstat module");
  if (!S_ISREG(status.st_mode)) {
    return fail(Fault{S_ISDIR(status.st_mode) ? EISDIR : EINVAL,
                      fmt::format("module is {}, not a regular file", kind_of(status.st_mode))});
  }
  if (static_cast<std::uint64_t>(status.st_size) > most.count()) return too_big(most);
  // One byte more than it claims, so that a growing file is noticed.
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(status.st_size) + 1);
  std::size_t filled = 0;
  for (;;) {
    const auto got = read_at(fd, std::as_writable_bytes(std::span(bytes).subspan(filled)), filled, "read module");
    if (!got) return fail(got.error());
    filled += *got;
    if (filled > most.count()) return too_big(most);
    if (filled < bytes.size()) break;
    bytes.resize(std::min<std::size_t>(bytes.size() * 2, most.count() + 1));
  }
  bytes.resize(filled);
  return bytes;
}

Expected<std::vector<std::uint8_t>> read_module_file(const std::string& path, Bytes most) {
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) return fail("open " + path);
  auto bytes = read_module(file.get(), most);
  if (!bytes) return fail(Fault{bytes.error().code, path + ": " + bytes.error().what});
  return bytes;
}

}  // namespace slack::jit

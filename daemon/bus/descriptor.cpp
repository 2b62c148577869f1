// Looks at a descriptor without touching the file behind it.
#include "daemon/bus/descriptor.hpp"

#include <fcntl.h>
#include <sys/stat.h>

namespace slack::bus {
namespace {

std::string_view kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return "a file";
    case S_IFDIR:
      return "a directory";
    case S_IFIFO:
      return "a pipe";
    case S_IFSOCK:
      return "a socket";
    case S_IFCHR:
      return "a character device";
    case S_IFBLK:
      return "a block device";
    default:
      return "no file";
  }
}

bool is_one_of(mode_t mode, std::initializer_list<mode_t> kinds) {
  for (const mode_t kind : kinds)
    if ((mode & S_IFMT) == kind) return true;
  return false;
}

// Why a file of this kind does not serve; empty if it does. eventfds and their like have no kind at all.
std::string kind_complaint(mode_t mode, Use use) {
  const std::string kind(kind_of(mode));
  switch (use) {
    case Use::module:
      return is_one_of(mode, {S_IFREG}) ? "" : "is " + kind + ", expected a file";
    case Use::input:
    case Use::output:
      return is_one_of(mode, {S_IFREG, S_IFIFO, S_IFSOCK, S_IFCHR}) ? "" : "is " + kind + ", expected a file or a pipe";
    case Use::directory:
      return is_one_of(mode, {S_IFDIR}) ? "" : "is " + kind + ", expected a directory";
  }
  return "";
}

std::string mode_complaint(int flags, Use use) {
  if (use == Use::directory) return "";
  if ((flags & O_PATH) != 0) return "is open as a path only (O_PATH)";
  const int access = flags & O_ACCMODE;
  if (use == Use::output) return access == O_RDONLY ? "is not open for writing" : "";
  return access == O_WRONLY ? "is not open for reading" : "";
}

}  // namespace

Expected<Fd> take_descriptor(int borrowed, Use use, std::string_view what) {
  const std::string name(what);
  Fd own(::fcntl(borrowed, F_DUPFD_CLOEXEC, 3));
  if (!own.valid()) return fail(name);
  const int flags = ::fcntl(own.get(), F_GETFL);
  struct statx status{};
  // AT_STATX_DONT_SYNC: a network or FUSE file system is not asked, so it cannot hold us up.
  if (flags < 0 ||
      ::statx(own.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &status) < 0)
    return fail(name);
  std::string complaint = kind_complaint(status.stx_mode, use);
  if (complaint.empty()) complaint = mode_complaint(flags, use);
  if (!complaint.empty()) return fail(Fault{EINVAL, name + " " + complaint});
  return own;
}

}  // namespace slack::bus

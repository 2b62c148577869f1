// Setting the times of files and directories.
#include <fcntl.h>
#include <sys/stat.h>

#include <array>

#include "daemon/worker/wasi/location.hpp"

namespace slack::worker::wasi {
namespace {

using Times = std::array<timespec, 2>;  // of the last access and the last modification, as utimensat takes them

timespec time_of(U64 given, bool set, bool now) {
  if (set) return timespec{static_cast<time_t>(given / 1'000'000'000), static_cast<long>(given % 1'000'000'000)};
  return timespec{0, now ? UTIME_NOW : UTIME_OMIT};
}

Result<Times> times_of(U64 accessed, U64 modified, U32 flags) {
  const auto flag = [flags](std::uint16_t which) { return (flags & which) != 0; };
  if ((flags & ~U32{fstflags::all}) != 0 || (flag(fstflags::atim) && flag(fstflags::atim_now)) ||
      (flag(fstflags::mtim) && flag(fstflags::mtim_now)))
    return tl::unexpected(Errno::inval);
  return Times{time_of(accessed, flag(fstflags::atim), flag(fstflags::atim_now)),
               time_of(modified, flag(fstflags::mtim), flag(fstflags::mtim_now))};
}

}  // namespace

Errno fd_filestat_set_times(Wasi& wasi, GuestMemory, U32 fd, U64 accessed, U64 modified, U32 flags) {
  const auto found = wasi.descriptors.find(fd);
  if (!found) return found.error();
  const Descriptor& descriptor = **found;
  if (descriptor.kind != Descriptor::Kind::file && descriptor.kind != Descriptor::Kind::directory) return Errno::badf;
  if (const Errno error = check_rights(descriptor, rights::fd_filestat_set_times); error != Errno::success)
    return error;
  const auto times = times_of(accessed, modified, flags);
  if (!times) return times.error();
  if (descriptor.read_only) return Errno::rofs;
  return ::futimens(descriptor.fd.get(), times->data()) == 0 ? Errno::success : last_error();
}

Errno path_filestat_set_times(Wasi& wasi, GuestMemory memory, U32 fd, U32 lookup, U32 path, U32 length, U64 accessed,
                              U64 modified, U32 flags) {
  const auto directory = wasi.descriptors.directory(fd, rights::path_filestat_set_times);
  if (!directory) return directory.error();
  const auto times = times_of(accessed, modified, flags);
  if (!times) return times.error();
  const auto reached = reach(**directory, memory, lookup, path, length);
  if (!reached) return reached.error();
  if ((*directory)->read_only) return Errno::rofs;
  // The object itself, a link too (AT_EMPTY_PATH: Linux 5.8).
  return ::utimensat(reached->get(), "", times->data(), AT_EMPTY_PATH) == 0 ? Errno::success : last_error();
}

}  // namespace slack::worker::wasi

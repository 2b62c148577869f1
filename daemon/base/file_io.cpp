// pread and pwrite until all is done.
#include "daemon/base/file_io.hpp"

#include <unistd.h>

#include <cerrno>

namespace slack {

Expected<std::size_t> read_at(int fd, std::span<std::byte> bytes, std::uint64_t offset, std::string_view what,
                              const GiveUp& give_up) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::pread(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    const int problem = got < 0 ? errno : 0;
    if (problem == EINTR && (give_up == nullptr || !give_up())) continue;
    if (got < 0) return fail(what, problem);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

Expected<void> read_exactly_at(int fd, std::span<std::byte> bytes, std::uint64_t offset, std::string_view what,
                               const GiveUp& give_up) {
  const auto done = read_at(fd, bytes, offset, what, give_up);
  if (!done) return fail(done.error());
  if (*done < bytes.size()) return fail(what, ENODATA);
  return {};
}

Expected<void> write_all_at(int fd, std::span<const std::byte> bytes, std::uint64_t offset, std::string_view what) {
  while (!bytes.empty()) {
    const ssize_t put = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return fail(what, put < 0 ? errno : ENOSPC);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
    offset += static_cast<std::uint64_t>(put);
  }
  return {};
}

}  // namespace slack

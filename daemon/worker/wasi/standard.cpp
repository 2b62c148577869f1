// The descriptors a run begins with: standard streams and preopened directories.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "daemon/worker/wasi/stream.hpp"

namespace slack::worker::wasi {
namespace {

// Major numbers of terminals: virtual consoles, /dev/tty, the slaves of Unix98 pseudo-terminals (Linux
// Documentation/admin-guide/devices.txt).
bool is_terminal(const struct stat& status) {
  const unsigned major_number = major(status.st_rdev);
  return S_ISCHR(status.st_mode) &&
         (major_number == 4 || major_number == 5 || (major_number >= 136 && major_number <= 143));
}

Result<Descriptor> standard(Fd fd, Descriptor::Kind kind, std::uint64_t base) {
  struct stat status{};
  if (::fstat(fd.get(), &status) < 0) return tl::unexpected(last_error());
  Descriptor descriptor;
  descriptor.fd = std::move(fd);
  descriptor.kind = kind;
  descriptor.type = is_terminal(status) ? FileType::character_device : FileType::unknown;
  descriptor.base = base;
  descriptor.inheriting = base;
  return descriptor;
}

}  // namespace

Result<std::uint32_t> Wasi::add_input(Fd fd) {
  auto descriptor = standard(std::move(fd), Descriptor::Kind::input, rights::fd_read | rights::poll_fd_readwrite);
  if (!descriptor) return tl::unexpected(descriptor.error());
  return descriptors.insert(std::move(*descriptor));
}

Result<std::uint32_t> Wasi::add_output(Fd fd) {
  auto descriptor = standard(std::move(fd), Descriptor::Kind::output, rights::fd_write | rights::poll_fd_readwrite);
  if (!descriptor) return tl::unexpected(descriptor.error());
  return descriptors.insert(std::move(*descriptor));
}

Result<std::uint32_t> Wasi::add_directory(Fd fd, std::string guest_name, bool read_only) {
  struct stat status{};
  if (::fstat(fd.get(), &status) < 0) return tl::unexpected(last_error());
  if (!S_ISDIR(status.st_mode)) return tl::unexpected(Errno::notdir);
  Descriptor descriptor;
  descriptor.fd = std::move(fd);
  descriptor.kind = Descriptor::Kind::directory;
  descriptor.type = FileType::directory;
  descriptor.read_only = read_only;
  descriptor.preopen = static_cast<std::uint32_t>(preopens.size());
  descriptor.base = rights::kDirectory;
  descriptor.inheriting = rights::kBelow;
  preopens.push_back(std::move(guest_name));
  return descriptors.insert(std::move(descriptor));
}

Errno Wasi::print(std::string_view text) {
  const auto out = descriptors.stream(1, rights::fd_write);
  if (!out) return out.error();
  auto left = std::as_bytes(std::span(text));
  while (!left.empty() && !ending) {
    const auto written = write_some(*this, **out, left, {});
    if (!written) return written.error();
    left = left.subspan(*written);
  }
  return Errno::success;
}

}  // namespace slack::worker::wasi

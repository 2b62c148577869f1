// Descriptors: ownership, and the few kinds that more than one folder makes.
#include "daemon/base/fd.hpp"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/base/file_io.hpp"

namespace slack {

void Fd::reset() {
  if (raw_ >= 0) ::close(std::exchange(raw_, -1));
}

Expected<Fd> Fd::duplicate() const {
  const int copy = ::fcntl(raw_, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) return fail("duplicate a descriptor");
  return Fd(copy);
}

Expected<void> write_all(int fd, std::span<const char> bytes, const std::string& what) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail(what, written < 0 ? errno : ENOSPC);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Expected<Fd> make_memfd(const char* name) {
  const int raw = ::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (raw < 0) return fail("memfd_create");
  return Fd(raw);
}

Expected<void> seal(const Fd& memfd) {
  // EBUSY also where the kernel holds one of its pages for a moment more than it waits for (memfd_wait_for_pins).
  constexpr int kMostAttempts = 5;
  int result = -1;
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    result = ::fcntl(memfd.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
    if (result == 0 || errno != EBUSY) break;
  }
  if (result < 0) return fail("seal a memfd");
  return {};
}

Expected<Fd> make_sealed_memfd(const char* name, const void* content, Bytes size) {
  auto memfd = make_memfd(name);
  if (!memfd) return memfd;
  const std::span bytes(static_cast<const std::byte*>(content), size.count());
  if (const auto written = write_all_at(memfd->get(), bytes, 0, "write a memfd"); !written)
    return fail(written.error());
  if (const auto sealed = seal(*memfd); !sealed) return fail(sealed.error());
  return memfd;
}

Expected<SocketPair> make_socket_pair() {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) return fail("socketpair");
  return SocketPair{Fd(pair[0]), Fd(pair[1])};
}

}  // namespace slack

// The ioctls and the read of a userfaultfd.
#include "daemon/monitor/userfault.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

#include "daemon/base/address_map.hpp"
#include "daemon/base/kernel_abi.hpp"

namespace slack::monitor {
namespace {

int write_protect(int userfaultfd, bool on) {
  uffdio_writeprotect request{};
  request.range.start = address_map::kSafepoint;
  request.range.len = address_map::kPageBytes;
  request.mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0;
  int result = 0;
  do {
    result = ::ioctl(userfaultfd, UFFDIO_WRITEPROTECT, &request);
  } while (result < 0 && errno == EINTR);
  return result < 0 ? errno : 0;
}

}  // namespace

int Userfault::arm() const { return write_protect(fd_.get(), true); }

// A failure means that the worker is dying, or that it has unmapped the page: nobody is parked on it.
void Userfault::disarm() const { (void)write_protect(fd_.get(), false); }

bool Userfault::take_event() const {
  uffd_msg message{};
  const ssize_t size = ::read(fd_.get(), &message, sizeof message);
  return size == static_cast<ssize_t>(sizeof message) && message.event == UFFD_EVENT_PAGEFAULT;
}

}  // namespace slack::monitor

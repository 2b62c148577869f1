// Maps and registers the safepoint page.
#include "daemon/worker/safepoint.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/base/kernel_abi.hpp"

namespace slack::worker {

Expected<void> map_safepoint_page(Fd memfd) {
  void* const address = reinterpret_cast<void*>(address_map::kSafepoint);
  void* const mapped = ::mmap(address, address_map::kPageBytes, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_FIXED_NOREPLACE, memfd.get(), 0);
  if (mapped == MAP_FAILED) return fail("map the safepoint page");
  publish(Fuel(0));
  return {};
}

Expected<Fd> register_safepoint_page() {
  Fd uffd(static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY)));
  if (!uffd.valid()) return fail("create a userfaultfd");
  uffdio_api api{};
  api.api = UFFD_API;
  api.features = UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_WP_HUGETLBFS_SHMEM | UFFD_FEATURE_THREAD_ID |
                 UFFD_FEATURE_EXACT_ADDRESS;
  if (::ioctl(uffd.get(), UFFDIO_API, &api) < 0) return fail("userfaultfd with write-protection on shared memory");
  uffdio_register page{};
  page.range = {address_map::kSafepoint, address_map::kPageBytes};
  page.mode = UFFDIO_REGISTER_MODE_WP;
  if (::ioctl(uffd.get(), UFFDIO_REGISTER, &page) < 0) return fail("register the safepoint page");
  return uffd;
}

void seal_safepoint_page() {
  // A kernel without mseal relies on seccomp alone, which lets a worker unmap or map nothing.
  (void)::syscall(kernel_abi::kSysMseal, address_map::kSafepoint, address_map::kPageBytes, 0);
}

}  // namespace slack::worker

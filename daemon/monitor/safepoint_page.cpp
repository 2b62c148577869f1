// Maps and seals safepoint pages.
#include "daemon/monitor/safepoint_page.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "daemon/base/address_map.hpp"
#include "daemon/base/kernel_abi.hpp"

namespace slack::monitor {

Expected<SafepointPage> SafepointPage::map(const Fd& memfd) {
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;
  if (::fcntl(memfd.get(), F_ADD_SEALS, kSeals) < 0) {
    const int seals = ::fcntl(memfd.get(), F_GET_SEALS);
    if (seals < 0 || (seals & kSeals) != kSeals) return fail("seal the safepoint page");
  }
  struct stat status{};
  if (::fstat(memfd.get(), &status) < 0) return fail("stat the safepoint page");
  if (status.st_size != static_cast<off_t>(address_map::kPageBytes))
    return fail("map the safepoint page: it is not one page long", EINVAL);
  void* mapped = ::mmap(nullptr, address_map::kPageBytes, PROT_READ, MAP_SHARED, memfd.get(), 0);
  if (mapped == MAP_FAILED) return fail("map the safepoint page");
  return SafepointPage(static_cast<const std::uint64_t*>(mapped));
}

SafepointPage::~SafepointPage() {
  if (published_ != nullptr) ::munmap(const_cast<std::uint64_t*>(published_), address_map::kPageBytes);
}

}  // namespace slack::monitor

// The worker's side of the safepoint page: mapping it, handing its userfaultfd over, and the host's own safepoints.
#pragma once

#include "daemon/base/address_map.hpp"
#include "daemon/base/fd.hpp"
#include "daemon/base/units.hpp"

namespace slack::worker {

// Maps the page at its fixed address, readable and writable, and writes fuel 0; consumes the memfd.
[[nodiscard]] Expected<void> map_safepoint_page(Fd memfd);
// A userfaultfd with the page registered for write-protection, to be sent to the daemon and closed here.
[[nodiscard]] Expected<Fd> register_safepoint_page();
// Seals the mapping against every later change where the kernel can (6.10 and later).
void seal_safepoint_page();

// A safepoint of host code. The store takes its value from rax, so that a thread parked outside the image's text has
// its exact fuel in rax.
inline void publish(Fuel fuel) {
  asm volatile("movq %%rax, %c0" ::"i"(address_map::kSafepoint), "a"(fuel.count()) : "memory");
}
[[nodiscard]] inline Fuel published() {
  std::uint64_t fuel = 0;
  asm volatile("movq %c1, %0" : "=r"(fuel) : "i"(address_map::kSafepoint) : "memory");
  return Fuel(fuel);
}

}  // namespace slack::worker

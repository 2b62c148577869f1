// SafepointPage: the daemon's read-only view of one worker's published fuel.
#pragma once

#include <cstdint>

#include "daemon/base/fd.hpp"
#include "daemon/base/units.hpp"

namespace slack::monitor {

class SafepointPage {
 public:
  // Maps the page and seals its memfd for good: no further writable mapping, no shrinking (which would make our reads
  // fault), no more seals. A memfd that is not what a zygote made is a fault.
  [[nodiscard]] static Expected<SafepointPage> map(const Fd& memfd);
  SafepointPage(SafepointPage&& other) noexcept : published_(std::exchange(other.published_, nullptr)) {}
  SafepointPage& operator=(SafepointPage&&) = delete;
  ~SafepointPage();

  [[nodiscard]] Fuel published() const { return Fuel(__atomic_load_n(published_, __ATOMIC_RELAXED)); }

 private:
  explicit SafepointPage(const std::uint64_t* published) : published_(published) {}
  const std::uint64_t* published_ = nullptr;
};

}  // namespace slack::monitor

// Userfault: arms and disarms the safepoint page of one worker through its userfaultfd.
#pragma once

#include "daemon/base/fd.hpp"

namespace slack::monitor {

class Userfault {
 public:
  explicit Userfault(Fd userfaultfd) : fd_(std::move(userfaultfd)) {}

  // Write-protects the page: the next safepoint parks its thread. 0, or an errno value (ESRCH: the worker is dying).
  [[nodiscard]] int arm() const;
  // Un-protects it and wakes who is parked.
  void disarm() const;
  // Reads one event without blocking. False: none there, or it vanished with its thread.
  [[nodiscard]] bool take_event() const;

  [[nodiscard]] int get() const { return fd_.get(); }

 private:
  Fd fd_;
};

}  // namespace slack::monitor

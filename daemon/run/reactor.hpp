// Reactor: the event loop as the runs see it. Everything in run/ happens on its one thread.
#pragma once

#include <functional>
#include <memory>

#include "daemon/base/units.hpp"

namespace slack::run {

class Reactor {
 public:
  // Something waited for; its destruction ends the waiting, also from within its own callback.
  class Source {
   public:
    Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    virtual ~Source() = default;
  };
  using Handle = std::unique_ptr<Source>;
  using Callback = std::function<void()>;

  virtual ~Reactor() = default;

  // Calls whenever `fd` is readable or hung up (level-triggered). The descriptor stays the caller's.
  [[nodiscard]] virtual Handle watch(int fd, Callback callback) = 0;
  // Calls once, at a point of CLOCK_MONOTONIC or as soon after as the loop comes round.
  [[nodiscard]] virtual Handle at(Nanos when, Callback callback) = 0;
  // Calls once, from the loop, after the current callback has returned.
  [[nodiscard]] virtual Handle defer(Callback callback) = 0;
  [[nodiscard]] virtual Nanos now() const = 0;

  [[nodiscard]] Handle after(Micros delay, Callback callback) {
    return at(now() + to_nanos(delay), std::move(callback));
  }
};

}  // namespace slack::run

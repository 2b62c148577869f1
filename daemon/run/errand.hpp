// Errand: work that a client's descriptor or a disk may hold up for ever, done in a thread of its own.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "daemon/base/fault.hpp"
#include "daemon/run/reactor.hpp"

namespace slack::run {

class Errand {
 public:
  // What the work sees of its errand, in its thread.
  class Road {
   public:
    // To be asked after each system call: true ends the work early. One that waits is interrupted (EINTR).
    [[nodiscard]] bool cancelled() const { return cancelled_; }
    // Something was got done: keeps Patience::stall off.
    void got_on() { progress_.fetch_add(1, std::memory_order_relaxed); }

   private:
    friend class Errand;
    std::atomic<bool> cancelled_ = false;
    std::atomic<std::uint64_t> progress_ = 0;
  };
  // Returns a sentence about what went wrong, empty if nothing did. Owns what it needs; it is destroyed in the thread.
  using Work = std::function<std::string(Road&)>;
  // Why the work was not done, if it was not; empty otherwise.
  using Done = std::function<void(const std::string& problem)>;

  struct Patience {
    Micros stall = kUnlimitedTime;  // without got_on()
    Micros wall = kUnlimitedTime;
  };

  // `held` is let go when the thread has ended, however late that is. `done` is called once, from the reactor, after
  // the work and what it owned are gone (unless no signal reached the thread), unless the Errand is destroyed before.
  [[nodiscard]] static Expected<std::unique_ptr<Errand>> start(Reactor& reactor, Patience patience,
                                                               std::shared_ptr<const void> held, Work work, Done done);
  // Ends what still goes on; a thread that no signal reaches is left to the kernel.
  ~Errand();
  Errand(const Errand&) = delete;
  Errand& operator=(const Errand&) = delete;

  // Ends the work early, with `reason` for its problem: the thread's system call is interrupted. `done` follows in
  // bounded time.
  void cancel(std::string reason);

 private:
  struct Shared;
  Errand(Reactor& reactor, Patience patience, Done done);
  void watch_progress();
  void interrupt();
  void finish();

  Reactor& reactor_;
  Patience patience_;
  Done done_;
  std::shared_ptr<Shared> shared_;
  std::string reason_;
  std::uint64_t progress_ = 0;  // at the last look
  Nanos give_up_;
  Reactor::Handle finished_;
  Reactor::Handle stalled_;
  Reactor::Handle wall_;
  Reactor::Handle again_;
};

}  // namespace slack::run

// ErrandQueue: errands of the daemon's own, one at a time, and only so many waiting: calls make no threads.
//
// None of them is waited for without end. One that takes too long is interrupted, and given up on where the kernel lets
// no signal through (a network disk that is gone): its thread stays until the kernel lets it go, and the next errand
// has its turn. After so many threads of that kind no more are risked: what waits is dropped, and nothing is taken
// until one of them has come back.
#pragma once

#include <sys/types.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/run/errand.hpp"

namespace slack::run {

class ErrandQueue {
 public:
  struct Bounds {
    std::size_t waiting = 0;         // behind the one that is at work
    Micros wall = kUnlimitedTime;    // for one, before it is interrupted
    Micros queued = kUnlimitedTime;  // how late a turn may come: one that waited longer is dropped in place of it
    std::size_t hung = 1;            // threads that were given up on and have not come back
  };
  ErrandQueue(Reactor& reactor, const Bounds& bounds) : reactor_(reactor), bounds_(bounds) {}

  // Does `work` in its turn, in a thread, and then `done` from the reactor, which hears why if it was not done. `held`
  // is let go when the thread has ended. A fault, and nothing happens: too many wait (EAGAIN) or hang (ETIMEDOUT).
  [[nodiscard]] Expected<void> send(uid_t owner, Errand::Work work, Errand::Done done,
                                    std::shared_ptr<const void> held = nullptr);
  // Forgets what waits for a user, or for all: neither done nor heard of again.
  void drop(std::optional<uid_t> owner);

  // Nothing is at work or waits; what hangs does not count.
  [[nodiscard]] bool idle() const { return at_work_ == nullptr && waiting_.empty(); }
  // Told each time that it has come to be idle.
  void on_idle(std::function<void()> handler) { idle_ = std::move(handler); }

 private:
  struct Task {
    uid_t owner = 0;
    Errand::Work work;
    Errand::Done done;
    std::shared_ptr<const void> held;
    Nanos since;
  };
  [[nodiscard]] std::size_t hung();
  // Why a task is not to be begun any more; empty: it may be.
  [[nodiscard]] std::string too_late(const Task& task);
  void begin_next();
  void on_done(const std::string& problem);

  Reactor& reactor_;
  Bounds bounds_;
  std::deque<Task> waiting_;
  std::unique_ptr<Errand> at_work_;
  Errand::Done done_;  // of the one at work
  // What the thread of the one at work holds, and those of the ones that were given up on: gone with their threads.
  std::weak_ptr<const void> thread_;
  std::vector<std::weak_ptr<const void>> hung_;
  std::function<void()> idle_;
};

}  // namespace slack::run

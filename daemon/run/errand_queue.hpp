// ErrandQueue: errands of the daemon's own, one at a time, and only so many waiting: calls make no threads.
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "daemon/run/errand.hpp"

namespace slack::run {

class ErrandQueue {
 public:
  // `most` may wait behind the one that is at work.
  ErrandQueue(Reactor& reactor, std::size_t most) : reactor_(reactor), most_(most) {}

  // Does `work` in its turn, in a thread, and then `done` from the reactor. `held` is let go when it is done. False,
  // and nothing happens: too many wait.
  [[nodiscard]] bool send(Errand::Work work, Errand::Done done, std::shared_ptr<const void> held = nullptr);

  [[nodiscard]] bool idle() const { return at_work_ == nullptr && waiting_.empty(); }
  // Told each time that it has come to be idle.
  void on_idle(std::function<void()> handler) { idle_ = std::move(handler); }

 private:
  struct Task {
    Errand::Work work;
    Errand::Done done;
    std::shared_ptr<const void> held;
  };
  void begin_next();
  void on_done(const std::string& problem);

  Reactor& reactor_;
  std::size_t most_;
  std::deque<Task> waiting_;
  std::unique_ptr<Errand> at_work_;
  Errand::Done done_;  // of the one at work
  std::function<void()> idle_;
};

}  // namespace slack::run

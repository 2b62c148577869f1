// Begins an errand when the one before it has ended.
#include "daemon/run/errand_queue.hpp"

#include <utility>

namespace slack::run {

bool ErrandQueue::send(Errand::Work work, Errand::Done done, std::shared_ptr<const void> held) {
  if (waiting_.size() >= most_) return false;
  waiting_.push_back({std::move(work), std::move(done), std::move(held)});
  if (at_work_ == nullptr) begin_next();
  return true;
}

void ErrandQueue::begin_next() {
  while (at_work_ == nullptr && !waiting_.empty()) {
    Task task = std::move(waiting_.front());
    waiting_.pop_front();
    auto errand = Errand::start(reactor_, {}, std::move(task.held), std::move(task.work),
                                [this](const std::string& problem) { on_done(problem); });
    if (errand) {
      at_work_ = std::move(*errand);
      done_ = std::move(task.done);
    } else {
      task.done(errand.error().what);
    }
  }
}

void ErrandQueue::on_done(const std::string& problem) {
  const auto finished = std::move(at_work_);  // still at work below us: it goes at the end of this call
  const auto done = std::exchange(done_, nullptr);
  begin_next();
  done(problem);
  if (idle() && idle_ != nullptr) idle_();
}

}  // namespace slack::run

// Begins an errand when the one before it has ended or been given up on.
#include "daemon/run/errand_queue.hpp"

#include <utility>

namespace slack::run {

std::size_t ErrandQueue::hung() {
  std::erase_if(hung_, [](const auto& thread) { return thread.expired(); });
  return hung_.size();
}

std::string ErrandQueue::too_late(const Task& task) {
  if (hung() >= bounds_.hung) return std::to_string(hung()) + " before it hang";
  if (bounds_.queued != kUnlimitedTime && reactor_.now() > task.since + to_nanos(bounds_.queued))
    return "it waited for more than " + std::to_string(bounds_.queued.count() / 1'000'000) + " s";
  return {};
}

Expected<void> ErrandQueue::send(uid_t owner, Errand::Work work, Errand::Done done, std::shared_ptr<const void> held) {
  if (hung() >= bounds_.hung) return fail(Fault{ETIMEDOUT, std::to_string(hung()) + " before it hang"});
  if (waiting_.size() >= bounds_.waiting) return fail(Fault{EAGAIN, "too many wait"});
  waiting_.push_back({owner, std::move(work), std::move(done), std::move(held), reactor_.now()});
  if (at_work_ == nullptr) begin_next();
  return {};
}

void ErrandQueue::drop(std::optional<uid_t> owner) {
  std::erase_if(waiting_, [owner](const Task& task) { return !owner || task.owner == *owner; });
}

void ErrandQueue::begin_next() {
  while (at_work_ == nullptr && !waiting_.empty()) {
    Task task = std::move(waiting_.front());
    waiting_.pop_front();
    if (const std::string late = too_late(task); !late.empty()) {
      task.done(late);
      continue;
    }
    const auto held = std::make_shared<const std::shared_ptr<const void>>(std::move(task.held));
    auto errand = Errand::start(reactor_, {.wall = bounds_.wall}, held, std::move(task.work),
                                [this](const std::string& problem) { on_done(problem); });
    if (errand) {
      at_work_ = std::move(*errand);
      done_ = std::move(task.done);
      thread_ = held;
    } else {
      task.done(errand.error().what);
    }
  }
}

void ErrandQueue::on_done(const std::string& problem) {
  const auto finished = std::move(at_work_);  // still at work below us: it goes at the end of this call
  const auto done = std::exchange(done_, nullptr);
  if (!thread_.expired()) hung_.push_back(thread_);
  begin_next();
  done(problem);
  if (idle() && idle_ != nullptr) idle_();
}

}  // namespace slack::run

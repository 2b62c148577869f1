// Threads that share independent pieces of work.
#include "jit/llvm/crew.hpp"

#include <sched.h>

#include <algorithm>

namespace slack::jit {

namespace {

// As a process's first thread has by default: LLVM recurses over deep expressions.
constexpr std::size_t kStackBytes = 8 << 20;

}  // namespace

unsigned available_processors() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) < 0) return 1;  // more processors than the set has bits
  return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
}

Crew::Crew(unsigned threads) {
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, kStackBytes);
  while (members_.size() + 1 < threads) {
    pthread_t member{};
    if (::pthread_create(&member, &attributes, run_member, this) != 0) break;
    members_.push_back(member);
  }
  ::pthread_attr_destroy(&attributes);
  // A thread that has just been cloned has system calls of libc's before it, which a sandbox may not know.
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return started_ == members_.size(); });
}

Crew::~Crew() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_all();
  for (const auto member : members_) ::pthread_join(member, nullptr);
}

void* Crew::run_member(void* crew) {
  auto& self = *static_cast<Crew*>(crew);
  std::unique_lock lock(self.mutex_);
  ++self.started_;
  self.changed_.notify_all();
  while (!self.over_) {
    self.changed_.wait(lock, [&] { return self.over_ || !self.pieces_.empty(); });
    self.take_pieces(lock);
  }
  return nullptr;
}

void Crew::take_pieces(std::unique_lock<std::mutex>& lock) {
  while (!pieces_.empty()) {
    const auto piece = pieces_.front();
    pieces_ = pieces_.subspan(1);
    ++busy_;
    lock.unlock();
    (*task_)(piece);
    lock.lock();
    --busy_;
  }
  if (busy_ == 0) changed_.notify_all();
}

void Crew::work(std::span<const std::size_t> pieces, const std::function<void(std::size_t)>& task) {
  std::unique_lock lock(mutex_);
  pieces_ = pieces;
  task_ = &task;
  if (!members_.empty() && pieces.size() > 1) changed_.notify_all();
  take_pieces(lock);
  changed_.wait(lock, [&] { return busy_ == 0; });
}

}  // namespace slack::jit

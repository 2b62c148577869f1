// Crew: threads that share independent pieces of work. Free of LLVM, as what drives the compiler makes it.
#pragma once

#include <pthread.h>

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

namespace slack::jit {

// Processors that this process may run on.
[[nodiscard]] unsigned available_processors();

// The threads are all there when it is made, so that it can be made before a sandbox that allows no new ones.
class Crew {
 public:
  // Up to `threads`, of which the caller's is one. Where a limit of the machine gives no more, fewer do it all.
  explicit Crew(unsigned threads);
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  ~Crew();

  // Calls `task` once for each of `pieces`, begun in this order, and returns when all are done. From the thread that
  // made this.
  void work(std::span<const std::size_t> pieces, const std::function<void(std::size_t)>& task);

 private:
  static void* run_member(void* crew);
  void take_pieces(std::unique_lock<std::mutex>& lock);

  std::vector<pthread_t> members_;  // beside the caller's thread
  std::mutex mutex_;
  std::condition_variable changed_;
  std::span<const std::size_t> pieces_;  // not begun yet
  const std::function<void(std::size_t)>* task_ = nullptr;
  std::size_t started_ = 0;  // members
  std::size_t busy_ = 0;     // threads at a piece
  bool over_ = false;
};

}  // namespace slack::jit

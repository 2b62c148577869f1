// FairQueue: hands turns to runs that wait for them, first come first served within a user and round robin between
// users. A user who has no turn gets one even when the shared ones are taken: nobody's slow module holds up somebody
// else's single run.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>

namespace slack::run {

class FairQueue {
 public:
  // `shared`: turns given out at once, beyond which each user still has one of their own.
  explicit FairQueue(std::size_t shared) : shared_(shared) {}

  void enter(uid_t uid, std::uint64_t run);
  // Leaves the queue; false if the run is not waiting (it may have its turn).
  bool leave(std::uint64_t run);
  // The next run whose turn it is; the turn is taken. A line whose first run is not `ready` yet is passed over (the
  // rest of it waits behind that run); `ready` may reserve what it says is there.
  using Ready = std::function<bool(std::uint64_t run)>;
  [[nodiscard]] std::optional<std::uint64_t> next(const Ready& ready = {});
  // A run of this user has no more use for its turn.
  void give_back(uid_t uid);

  [[nodiscard]] std::size_t waiting() const;

 private:
  struct Line {
    uid_t uid = 0;
    std::deque<std::uint64_t> runs;
  };
  std::deque<Line> lines_;  // never an empty one; the front is next
  std::size_t shared_;
  std::size_t taken_ = 0;
  std::map<uid_t, std::size_t> taken_by_;  // never a zero
};

}  // namespace slack::run

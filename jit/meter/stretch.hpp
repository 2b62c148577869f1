// Stretch: the most fuel that a function can have spent since it polled, over all ways to a point of it.
//
// Kept along while a body is read from front to back: branches go forward but for those to loops, which poll, so all
// ways to a point are known there. The limits are those of poll_bounds.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "jit/meter/poll_plan.hpp"

namespace slack::meter {

class Stretch {
 public:
  void spend(std::uint64_t fuel) {
    since_poll_ += fuel;
    if (since_call_) *since_call_ += fuel;
    if (since_mark_) *since_mark_ += fuel;
  }
  void call(const Callee& callee) {
    if (callee.poll == EntryPoll::at_entry) poll();
    spend(callee.most_unpolled);
    if (callee.may_poll && !since_call_) since_call_ = 0;
  }
  void poll() {
    since_poll_ = 0;
    since_call_.reset();
  }
  // Where there may be a poll: whether is decided when the whole body is known.
  void mark() { since_mark_ = 0; }
  // A loop whose rounds poll somewhere in their midst begins: what the round before may have spent since.
  void begin_round() {
    since_poll_ = std::max(since_poll_, kLongestRest);
    since_call_ = std::max(since_call_, std::optional(kLongestRest));
  }
  // Another way that leads to the same point.
  void join(const Stretch& other) {
    since_poll_ = std::max(since_poll_, other.since_poll_);
    since_call_ = std::max(since_call_, other.since_call_);  // nothing is less than anything
    since_mark_ = std::max(since_mark_, other.since_mark_);
  }

  // Whether spending so much more could go beyond the longest stretch.
  [[nodiscard]] bool must_poll_before(std::uint64_t fuel) const { return since_poll_ + fuel > kLongestStretch; }
  // Whether returning from here could go beyond the longest tail.
  [[nodiscard]] bool must_poll_before_return() const { return since_call_ && *since_call_ > kLongestTail; }
  // Whether a round that polls at the mark needs no poll at its end.
  [[nodiscard]] bool is_round_short() const { return since_mark_ && *since_mark_ <= kLongestRest; }

 private:
  std::uint64_t since_poll_ = 0;             // or since the function's entry
  std::optional<std::uint64_t> since_call_;  // since the return of a callee that may have polled
  std::optional<std::uint64_t> since_mark_;  // whatever polled since
};

}  // namespace slack::meter

// DeadlineHeap: when each run wants the monitor's attention next; the earliest one sets the timer.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "daemon/base/units.hpp"

namespace slack::monitor {

// A binary heap with an index, so that a run's entry can be moved: both take logarithmic time.
class DeadlineHeap {
 public:
  using Key = std::uint64_t;
  struct Entry {
    Nanos when;
    Key key = 0;
  };

  // Sets or moves the entry of `key`; Nanos::max() removes it.
  void set(Key key, Nanos when);
  void erase(Key key);

  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  // Nanos::max() if there is none.
  [[nodiscard]] Nanos earliest() const { return entries_.empty() ? Nanos::max() : entries_.front().when; }
  // Takes every entry due at `now` out, earliest first.
  [[nodiscard]] std::vector<Key> take_due(Nanos now);

 private:
  void rise(std::size_t position);
  void sink(std::size_t position);
  void place(std::size_t position, Entry entry);

  std::vector<Entry> entries_;
  std::unordered_map<Key, std::size_t> positions_;
};

}  // namespace slack::monitor

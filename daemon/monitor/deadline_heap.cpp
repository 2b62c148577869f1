// The heap operations.
#include "daemon/monitor/deadline_heap.hpp"

namespace slack::monitor {

void DeadlineHeap::place(std::size_t position, Entry entry) {
  positions_[entry.key] = position;
  entries_[position] = entry;
}

void DeadlineHeap::rise(std::size_t position) {
  const Entry entry = entries_[position];
  while (position > 0) {
    const std::size_t parent = (position - 1) / 2;
    if (entries_[parent].when <= entry.when) break;
    place(position, entries_[parent]);
    position = parent;
  }
  place(position, entry);
}

void DeadlineHeap::sink(std::size_t position) {
  const Entry entry = entries_[position];
  for (;;) {
    std::size_t child = 2 * position + 1;
    if (child >= entries_.size()) break;
    if (child + 1 < entries_.size() && entries_[child + 1].when < entries_[child].when) ++child;
    if (entry.when <= entries_[child].when) break;
    place(position, entries_[child]);
    position = child;
  }
  place(position, entry);
}

void DeadlineHeap::set(Key key, Nanos when) {
  if (when == Nanos::max()) return erase(key);
  const auto found = positions_.find(key);
  if (found == positions_.end()) {
    entries_.push_back(Entry{when, key});
    rise(entries_.size() - 1);
    return;
  }
  const std::size_t position = found->second;
  const bool earlier = when < entries_[position].when;
  entries_[position].when = when;
  if (earlier)
    rise(position);
  else
    sink(position);
}

void DeadlineHeap::erase(Key key) {
  const auto found = positions_.find(key);
  if (found == positions_.end()) return;
  const std::size_t position = found->second;
  positions_.erase(found);
  const Entry moved = entries_.back();
  entries_.pop_back();
  if (position == entries_.size()) return;
  place(position, moved);
  rise(position);
  sink(positions_[moved.key]);
}

std::vector<DeadlineHeap::Key> DeadlineHeap::take_due(Nanos now) {
  std::vector<Key> due;
  while (!entries_.empty() && entries_.front().when <= now) {
    due.push_back(entries_.front().key);
    erase(due.back());
  }
  return due;
}

}  // namespace slack::monitor

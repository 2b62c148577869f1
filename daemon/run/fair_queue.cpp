// Keeps one line for each user that waits, and serves the lines in turn.
#include "daemon/run/fair_queue.hpp"

#include <algorithm>

namespace slack::run {

void FairQueue::enter(uid_t uid, std::uint64_t run) {
  auto line = std::ranges::find(lines_, uid, &Line::uid);
  if (line == lines_.end()) line = lines_.insert(lines_.end(), Line{uid, {}});
  line->runs.push_back(run);
}

bool FairQueue::leave(std::uint64_t run) {
  for (auto line = lines_.begin(); line != lines_.end(); ++line) {
    const auto place = std::ranges::find(line->runs, run);
    if (place == line->runs.end()) continue;
    line->runs.erase(place);
    if (line->runs.empty()) lines_.erase(line);
    return true;
  }
  return false;
}

std::optional<std::uint64_t> FairQueue::next(const Ready& ready) {
  const auto served = std::ranges::find_if(lines_, [&](const Line& line) {
    if (taken_ >= shared_ && taken_by_.contains(line.uid)) return false;
    return ready == nullptr || ready(line.runs.front());
  });
  if (served == lines_.end()) return std::nullopt;
  Line line = std::move(*served);
  lines_.erase(served);
  const std::uint64_t run = line.runs.front();
  line.runs.pop_front();
  ++taken_;
  ++taken_by_[line.uid];
  if (!line.runs.empty()) lines_.push_back(std::move(line));
  return run;
}

void FairQueue::give_back(uid_t uid) {
  --taken_;
  const auto user = taken_by_.find(uid);
  if (--user->second == 0) taken_by_.erase(user);
}

std::size_t FairQueue::waiting() const {
  std::size_t count = 0;
  for (const auto& line : lines_) count += line.runs.size();
  return count;
}

}  // namespace slack::run

// A list in order of use with an index.
#include "daemon/run/residents.hpp"

#include <utility>

namespace slack::run {

std::shared_ptr<const Resident> Residents::find(const cache::Key& key) {
  const std::lock_guard lock(mutex_);
  const auto place = places_.find(key);
  if (place == places_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, place->second);
  return place->second->resident;
}

void Residents::keep(const cache::Key& key, std::shared_ptr<const Resident> resident) {
  const std::lock_guard lock(mutex_);
  if (resident->size > most_ || places_.contains(key)) return;
  bytes_ += resident->size;
  entries_.push_front({key, std::move(resident)});
  places_.emplace(key, entries_.begin());
  while (bytes_ > most_ || entries_.size() > most_images_) {
    bytes_ = bytes_ - entries_.back().resident->size;
    places_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

void Residents::clear() {
  const std::lock_guard lock(mutex_);
  places_.clear();
  entries_.clear();
  bytes_ = Bytes(0);
}

Bytes Residents::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace slack::run

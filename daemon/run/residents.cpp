// A list in order of use with an index.
#include "daemon/run/residents.hpp"

#include <iterator>
#include <utility>

namespace slack::run {

std::shared_ptr<const Resident> Residents::find(const cache::Key& key) {
  const std::lock_guard lock(mutex_);
  const auto place = places_.find(key);
  if (place == places_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, place->second);
  return place->second->resident;
}

void Residents::keep(uid_t uid, const cache::Key& key, std::shared_ptr<const Resident> resident) {
  const std::lock_guard lock(mutex_);
  if (resident->size > most_ || places_.contains(key)) return;
  bytes_ += resident->size;
  entries_.push_front({uid, key, std::move(resident)});
  places_.emplace(key, entries_.begin());
  while (bytes_ > most_ || entries_.size() > most_images_) drop(std::prev(entries_.end()));
}

void Residents::clear(std::optional<uid_t> uid) {
  const std::lock_guard lock(mutex_);
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto here = entry++;
    if (!uid || here->uid == *uid) drop(here);
  }
}

void Residents::drop(std::list<Entry>::iterator entry) {
  bytes_ = bytes_ - entry->resident->size;
  places_.erase(entry->key);
  entries_.erase(entry);
}

Bytes Residents::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace slack::run

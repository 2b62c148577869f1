// FairShare: places of which there are only so many, a part of them for each user. A user who has none gets one even
// when all are taken: whoever asks for much, nobody else goes without.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>

namespace slack::run {

class FairShare {
 public:
  FairShare(std::size_t most, std::size_t of_one) : most_(most), of_one_(of_one) {}

  // A place, taken for as long as it is held, or null. The FairShare outlives it.
  [[nodiscard]] std::shared_ptr<const void> take(uid_t uid) {
    const auto found = taken_by_.find(uid);
    if (found != taken_by_.end() && (found->second >= of_one_ || taken_ >= most_)) return nullptr;
    ++taken_;
    ++taken_by_[uid];
    return {this, [this, uid](const void*) { give_back(uid); }};
  }

 private:
  void give_back(uid_t uid) {
    --taken_;
    if (const auto user = taken_by_.find(uid); --user->second == 0) taken_by_.erase(user);
  }

  std::size_t most_;
  std::size_t of_one_;
  std::size_t taken_ = 0;
  std::map<uid_t, std::size_t> taken_by_;  // never a zero
};

}  // namespace slack::run

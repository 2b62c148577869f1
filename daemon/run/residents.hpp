// Residents: the images that are kept in memory, ready to be handed to a worker; the longest unused goes first.
#pragma once

#include <sys/types.h>

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "daemon/base/fd.hpp"
#include "daemon/base/units.hpp"
#include "daemon/cache/key.hpp"
#include "jit/image/image_view.hpp"

namespace slack::run {

// An image that has been opened: the same bytes for every run.
struct Resident {
  std::shared_ptr<const image::ImageView> view;
  Fd file;  // sealed against every change
  Bytes size;
};

// Any thread may ask.
class Residents {
 public:
  Residents(Bytes most, std::size_t most_images) : most_(most), most_images_(most_images) {}

  // Null if it is not here. Counts as use.
  [[nodiscard]] std::shared_ptr<const Resident> find(const cache::Key& key);
  void keep(uid_t uid, const cache::Key& key, std::shared_ptr<const Resident> resident);
  // Lets go of a user's images, or of all.
  void clear(std::optional<uid_t> uid);
  [[nodiscard]] Bytes bytes() const;

 private:
  struct Entry {
    uid_t uid = 0;
    cache::Key key;
    std::shared_ptr<const Resident> resident;
  };
  void drop(std::list<Entry>::iterator entry);

  mutable std::mutex mutex_;
  Bytes most_;
  std::size_t most_images_;
  Bytes bytes_;
  std::list<Entry> entries_;  // latest used first
  std::map<cache::Key, std::list<Entry>::iterator> places_;
};

}  // namespace slack::run

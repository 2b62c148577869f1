// ImageStore: the images on disk, a folder for each user, bounded in all.
//
// An image was made from a user's own bytes by a compiler that those bytes may have taken over. So it is only ever
// given to runs of the same user with the same module, options, compiler and processor; the user's uid is in the path
// and in the key. The folders are slackd's own and closed to everybody else; whoever can write to them can run code as
// their users' workers, which are sandboxed all the same.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "daemon/base/fd.hpp"
#include "daemon/base/units.hpp"
#include "daemon/cache/key.hpp"

namespace slack::cache {

// What one image may take, and all.
struct StoreLimits {
  Bytes image;
  Bytes total;
  std::size_t entries = 16'384;  // a sweep reads the names of all of them: 20 ms
};

struct StoreUse {
  std::uint64_t entries = 0;
  Bytes bytes;
};

// Since slackd started.
struct StoreCounts {
  std::uint64_t stored = 0;
  std::uint64_t evicted = 0;
  std::uint64_t bad = 0;  // found damaged, and removed
};

// All methods may block on the disk and be called from several threads at once; several processes may share a store.
class ImageStore {
 public:
  // Makes the folder if need be. Refuses one that others may write to, or a place in somebody else's home.
  [[nodiscard]] static Expected<std::shared_ptr<ImageStore>> open(const std::string& path, const StoreLimits& limits);

  // The image as a sealed memfd, nothing if there is none. ENOMSG: there was a bad one, which is gone now.
  [[nodiscard]] Expected<std::optional<Fd>> load(uid_t uid, const Key& key);
  // Keeps an image; then evicts what is too much.
  [[nodiscard]] Expected<void> save(uid_t uid, const Key& key, int image, Bytes image_bytes);
  // Takes one back.
  void remove(uid_t uid, const Key& key);
  // Removes a user's images, or all; how many. A fault if one was left: the disk's, or the folder's.
  [[nodiscard]] Expected<std::size_t> prune(std::optional<uid_t> uid);
  // Looks through everything, evicts down to the limits, and says what is left. What goes is the longest unused of the
  // user who takes the most: nobody pushes out another's images by storing many.
  [[nodiscard]] Expected<StoreUse> sweep();

  [[nodiscard]] StoreCounts counts() const { return {stored_, evicted_, bad_}; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const StoreLimits& limits() const { return limits_; }

 private:
  ImageStore(std::string path, Fd folder, const StoreLimits& limits)
      : path_(std::move(path)), folder_(std::move(folder)), limits_(limits) {}
  [[nodiscard]] Fd user_folder(uid_t uid, bool make) const;

  std::string path_;
  Fd folder_;
  StoreLimits limits_;
  std::mutex sweeping_;  // two sweeps at once would both evict
  std::atomic<std::uint64_t> stored_ = 0;
  std::atomic<std::uint64_t> evicted_ = 0;
  std::atomic<std::uint64_t> bad_ = 0;
};

}  // namespace slack::cache

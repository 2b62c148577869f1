// Keeps entries as files UID/KEY.image; new ones are written under a name of their own and renamed.
#include "daemon/cache/image_store.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <deque>
#include <map>
#include <vector>

#include "daemon/cache/entry.hpp"

namespace slack::cache {
namespace {

constexpr std::string_view kSuffix = ".image";
// A file of this age that has not got its name yet was left by a slackd that was killed.
constexpr time_t kUnfinishedSeconds = 3600;

std::string name_of(const Key& key) { return hexadecimal(key) + std::string(kSuffix); }

bool is_entry(std::string_view name) {
  return name.size() == 2 * sizeof(Key) + kSuffix.size() && name.ends_with(kSuffix) && name.front() != '.';
}

// What is no folder here is nobody's images: it has gone meanwhile, or is something else by that name.
bool is_no_folder(int error) { return error == ENOENT || error == ENOTDIR || error == ELOOP; }

// The names in a folder; `path` is for the fault.
Expected<std::vector<std::string>> names_in(int folder, const std::string& path) {
  const int copy = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* list = copy < 0 ? nullptr : ::fdopendir(copy);
  if (list == nullptr) {
    auto fault = fault_from_errno("read the folder " + path);
    if (copy >= 0) ::close(copy);
    return fail(std::move(fault));
  }
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(list)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  const int error = errno;
  ::closedir(list);
  if (error != 0) return fail("read the folder " + path, error);
  return names;
}

std::optional<uid_t> uid_of(std::string_view name) {
  uid_t uid = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), uid);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return uid;
}

Fd open_folder(int parent, const char* name) {
  return Fd(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// Ours alone: what others may change is not to be run.
Expected<void> check_ownership(int folder, const std::string& path) {
  struct stat status{};
  if (::fstat(folder, &status) < 0) return fail("stat " + path);
  if (status.st_uid != ::geteuid())
    return fail(Fault{EPERM, path + " belongs to user " + std::to_string(status.st_uid) + ", not to slackd's user"});
  if ((status.st_mode & 077) != 0 && ::fchmod(folder, 0700) < 0) return fail("close " + path + " to others");
  return {};
}

// Makes the folder, and its parent if that is in turn missing (~/.cache of a new user), both closed to others. In a
// folder of somebody else's nothing is made: root with another's HOME would leave there what its owner cannot use.
Expected<void> make_folder(const std::string& path) {
  const std::string parent = path.substr(0, path.rfind('/'));
  struct stat above{};
  // Of a symbolic link it is the owner of the link that counts: where it leads may be anybody's choice.
  if (!parent.empty() && ::lstat(parent.c_str(), &above) == 0 && above.st_uid != ::geteuid() && above.st_uid != 0)
    return fail(Fault{EPERM, parent + " belongs to user " + std::to_string(above.st_uid)});
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
  if (errno != ENOENT) return fail("make " + path);
  const std::string grandparent = parent.substr(0, parent.rfind('/'));
  if (grandparent.empty() || ::stat(grandparent.c_str(), &above) < 0) return fail("make " + path, ENOENT);
  if (above.st_uid != ::geteuid())
    return fail(Fault{EPERM, grandparent + " belongs to user " + std::to_string(above.st_uid)});
  if (::mkdir(parent.c_str(), 0700) < 0 && errno != EEXIST) return fail("make " + parent);
  if (::mkdir(path.c_str(), 0700) < 0 && errno != EEXIST) return fail("make " + path);
  return {};
}

// What a sweep found.
struct Found {
  std::string name;
  Bytes size;
  timespec used{};
};
bool used_before(const Found& a, const Found& b) {
  return a.used.tv_sec != b.used.tv_sec ? a.used.tv_sec < b.used.tv_sec : a.used.tv_nsec < b.used.tv_nsec;
}
struct UserFound {
  Fd folder;
  std::deque<Found> images;  // longest unused first
  Bytes bytes;
};

Expected<UserFound> look_into(Fd folder, const std::string& path) {
  UserFound user;
  auto names = names_in(folder.get(), path);
  if (!names) return fail(names.error());
  for (auto& name : *names) {
    struct stat status{};
    if (::fstatat(folder.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) continue;
    if (!is_entry(name)) {
      if (status.st_mtim.tv_sec + kUnfinishedSeconds < ::time(nullptr)) ::unlinkat(folder.get(), name.c_str(), 0);
      continue;
    }
    user.images.push_back({std::move(name), Bytes(static_cast<std::uint64_t>(status.st_size)), status.st_mtim});
    user.bytes += user.images.back().size;
  }
  std::sort(user.images.begin(), user.images.end(), used_before);
  user.folder = std::move(folder);
  return user;
}

}  // namespace

Expected<std::shared_ptr<ImageStore>> ImageStore::open(const std::string& path, const StoreLimits& limits) {
  if (auto made = make_folder(path); !made) return fail(made.error());
  Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder.valid()) return fail("open " + path);
  if (auto checked = check_ownership(folder.get(), path); !checked) return fail(checked.error());
  if (::faccessat(folder.get(), ".", W_OK, AT_EACCESS) < 0) return fail("write to " + path);
  return std::shared_ptr<ImageStore>(new ImageStore(path, std::move(folder), limits));
}

Fd ImageStore::user_folder(uid_t uid, bool make) const {
  const std::string name = std::to_string(uid);
  if (make) (void)::mkdirat(folder_.get(), name.c_str(), 0700);
  return open_folder(folder_.get(), name.c_str());
}

Expected<std::optional<Fd>> ImageStore::load(uid_t uid, const Key& key) {
  const Fd folder = user_folder(uid, false);
  if (!folder.valid()) return std::nullopt;
  const std::string name = name_of(key);
  const Fd file(::openat(folder.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.valid()) {
    if (errno == ENOENT) return std::nullopt;
    return fail("open image " + name);
  }
  auto image = read_entry(file.get(), key, limits_.image);
  if (!image) {
    if (image.error().code != ENOMSG) return fail(image.error());
    ++bad_;
    ::unlinkat(folder.get(), name.c_str(), 0);
    return fail(Fault{
        ENOMSG, "image " + path_ + "/" + std::to_string(uid) + "/" + name + " is removed: " + image.error().what});
  }
  // Its time tells the sweep when it was last of use.
  const timespec now[] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
  (void)::futimens(file.get(), now);
  return std::optional<Fd>(std::move(*image));
}

Expected<void> ImageStore::save(uid_t uid, const Key& key, int image, Bytes image_bytes) {
  if (image_bytes > limits_.image || image_bytes > limits_.total) return {};
  const Fd folder = user_folder(uid, true);
  if (!folder.valid()) return fail("make a folder in " + path_);
  const std::string name = name_of(key);
  // Of the process, not of the store: two stores of one process must not meet in a name.
  static std::atomic<std::uint64_t> serial = 0;
  const std::string unfinished = "." + name + "." + std::to_string(::getpid()) + "." + std::to_string(++serial);
  const Fd file(::openat(folder.get(), unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid()) return fail("make a file in " + path_);
  auto written = write_entry(file.get(), key, image, image_bytes);
  // No fsync: an entry that a power cut tore does not have its digest.
  if (written && ::renameat(folder.get(), unfinished.c_str(), folder.get(), name.c_str()) < 0)
    written = fail("name a file in " + path_);
  if (!written) {
    ::unlinkat(folder.get(), unfinished.c_str(), 0);
    return written;
  }
  ++stored_;
  (void)sweep();
  return {};
}

void ImageStore::remove(uid_t uid, const Key& key) {
  const Fd folder = user_folder(uid, false);
  if (folder.valid()) ::unlinkat(folder.get(), name_of(key).c_str(), 0);
}

Expected<std::size_t> ImageStore::prune(std::optional<uid_t> uid) {
  std::size_t count = 0;
  std::optional<Fault> left;  // the first
  const auto names = names_in(folder_.get(), path_);
  if (!names) return fail(names.error());
  for (const auto& name : *names) {
    const auto owner = uid_of(name);
    if (!owner || (uid && *owner != *uid)) continue;
    const std::string path = path_ + "/" + name;
    const auto leave = [&left](Fault fault) {
      if (!left && !is_no_folder(fault.code)) left = std::move(fault);
    };
    const Fd folder = open_folder(folder_.get(), name.c_str());
    if (!folder.valid()) {
      leave(fault_from_errno("open the folder " + path));
      continue;
    }
    const auto images = names_in(folder.get(), path);
    if (!images) {
      leave(images.error());
      continue;
    }
    for (const auto& image : *images) {
      if (::unlinkat(folder.get(), image.c_str(), 0) == 0)
        count += is_entry(image) ? 1 : 0;
      else
        leave(fault_from_errno("remove " + path + "/" + image));
    }
    ::unlinkat(folder_.get(), name.c_str(), AT_REMOVEDIR);
  }
  if (left) return fail(Fault{left->code, left->what + "; " + std::to_string(count) + " images were removed"});
  return count;
}

Expected<StoreUse> ImageStore::sweep() {
  const std::lock_guard lock(sweeping_);
  std::vector<UserFound> users;
  StoreUse use;
  const auto names = names_in(folder_.get(), path_);
  if (!names) return fail(names.error());
  for (const auto& name : *names) {
    if (!uid_of(name)) continue;
    Fd folder = open_folder(folder_.get(), name.c_str());
    if (!folder.valid() && is_no_folder(errno)) continue;
    if (!folder.valid()) return fail("open the folder " + path_ + "/" + name);
    auto found = look_into(std::move(folder), path_ + "/" + name);
    if (!found) return fail(found.error());
    users.push_back(std::move(*found));
    use.entries += users.back().images.size();
    use.bytes += users.back().bytes;
  }
  while (use.bytes > limits_.total || use.entries > limits_.entries) {
    const bool by_number = use.bytes <= limits_.total;
    const auto most = std::ranges::max_element(
        users, {}, [by_number](const UserFound& user) { return by_number ? user.images.size() : user.bytes.count(); });
    const Found& oldest = most->images.front();
    if (::unlinkat(most->folder.get(), oldest.name.c_str(), 0) == 0) ++evicted_;
    most->bytes = most->bytes - oldest.size;
    use.bytes = use.bytes - oldest.size;
    --use.entries;
    most->images.pop_front();
  }
  return use;
}

}  // namespace slack::cache

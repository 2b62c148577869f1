// Images on disk: whole or not at all, of one user or of nobody, and never more than they may be.
#include "daemon/cache/image_store.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "daemon/cache/entry.hpp"
#include "tests/scratch_folder.hpp"

namespace slack::cache {
namespace {

namespace fs = std::filesystem;
constexpr uid_t kAlice = 1000;
constexpr uid_t kBob = 1001;
constexpr StoreLimits kRoomy{Bytes(1 << 20), Bytes(1 << 24)};

struct Folder : test::ScratchFolder {
  [[nodiscard]] std::shared_ptr<ImageStore> open(const StoreLimits& limits = kRoomy) const {
    auto store = ImageStore::open(path(), limits);
    REQUIRE(store);
    return *store;
  }
};

Key key_of(std::string_view module, uid_t uid = kAlice) {
  return make_key({uid, "compiler", "processor", {}}, std::as_bytes(std::span(module)));
}

Fd image_of(const std::string& content) {
  auto image = make_sealed_memfd("image", content.data(), Bytes(content.size()));
  REQUIRE(image);
  return std::move(*image);
}

void save(ImageStore& store, uid_t uid, const Key& key, const std::string& content) {
  REQUIRE(store.save(uid, key, image_of(content).get(), Bytes(content.size())));
}

// What is loaded, "(none)" or "(bad)".
std::string load(ImageStore& store, uid_t uid, const Key& key) {
  const auto image = store.load(uid, key);
  if (!image) return image.error().code == ENOMSG ? "(bad)" : image.error().what;
  if (!*image) return "(none)";
  struct stat status{};
  REQUIRE(::fstat((*image)->get(), &status) == 0);
  std::string content(static_cast<std::size_t>(status.st_size), 0);
  REQUIRE(::pread((*image)->get(), content.data(), content.size(), 0) == status.st_size);
  return content;
}

void age(const fs::path& file, int seconds) {
  const timespec times[] = {{::time(nullptr) - seconds, 0}, {::time(nullptr) - seconds, 0}};
  REQUIRE(::utimensat(AT_FDCWD, file.c_str(), times, 0) == 0);
}

TEST_CASE("an image that was kept comes back as it was, sealed, also in another process's store") {
  const Folder folder;
  const std::string content(700'000, 'x');  // of several chunks
  save(*folder.open(), kAlice, key_of("m"), content);
  const auto store = folder.open();
  CHECK(load(*store, kAlice, key_of("m")) == content);
  CHECK(load(*store, kAlice, key_of("n")) == "(none)");
  const auto image = store->load(kAlice, key_of("m"));
  REQUIRE((image && *image));
  CHECK(::fcntl((*image)->get(), F_GET_SEALS) == (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE));
}

TEST_CASE("folders and files are closed to everybody else") {
  const Folder folder;
  ::chmod(folder.path().c_str(), 0755);
  save(*folder.open(), kAlice, key_of("m"), "image");
  const auto mode_of = [](const fs::path& path) {
    struct stat status{};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 07777;
  };
  CHECK(mode_of(folder.path()) == 0700);
  CHECK(mode_of(folder.path() / "1000") == 0700);
  REQUIRE(folder.files().size() == 1);
  CHECK(mode_of(folder.files()[0]) == 0600);
}

TEST_CASE("a user is never given another's image, whatever its name") {
  const Folder folder;
  const auto store = folder.open();
  save(*store, kAlice, key_of("m"), "of Alice");
  CHECK(load(*store, kBob, key_of("m", kBob)) == "(none)");
  CHECK(load(*store, kBob, key_of("m")) == "(none)");
  // Even if it is put into the other's folder under the right name: it says what it is.
  fs::create_directory(folder.path() / "1001");
  fs::copy(folder.files()[0], folder.path() / "1001" / (hexadecimal(key_of("m", kBob)) + ".image"));
  CHECK(load(*store, kBob, key_of("m", kBob)) == "(bad)");
}

TEST_CASE("whatever byte is changed, whatever is cut off or added: it is no image any more, and is removed") {
  const Folder folder;
  const auto store = folder.open();
  const std::string content = "some generated code";
  const std::size_t size = sizeof(EntryHeader) + content.size();
  for (std::size_t i = 0; i < size + 3; ++i) {
    INFO(i);
    save(*store, kAlice, key_of("m"), content);
    const fs::path file = folder.files().at(0);
    if (i < size) {
      std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
      stream.seekg(static_cast<std::streamoff>(i));
      const auto byte = static_cast<char>(stream.get() ^ 0x10);
      stream.seekp(static_cast<std::streamoff>(i));
      stream.put(byte);
    } else {
      fs::resize_file(file, i == size ? size - 1 : i == size + 1 ? 10 : size + 1);
    }
    CHECK(load(*store, kAlice, key_of("m")) == "(bad)");
    CHECK(folder.files().empty());
  }
  CHECK(store->counts().bad == size + 3);
  CHECK(load(*store, kAlice, key_of("m")) == "(none)");
}

TEST_CASE("a link in the place of an image, or of a user's folder, leads nowhere") {
  const Folder folder;
  const auto store = folder.open();
  save(*store, kAlice, key_of("m"), "image");
  const fs::path file = folder.files()[0];
  fs::rename(file, folder.path() / "elsewhere");
  fs::create_symlink(folder.path() / "elsewhere", file);
  CHECK(load(*store, kAlice, key_of("m")) != "image");
  fs::create_directory_symlink(folder.path() / "1000", folder.path() / "1001");
  CHECK(load(*store, kBob, key_of("m")) == "(none)");
}

TEST_CASE("what is too much goes: the longest unused, of the user who takes the most") {
  const Folder folder;
  const std::string content(1000, 'x');
  const Bytes each(content.size() + sizeof(EntryHeader));
  const auto store = folder.open({Bytes(2000), Bytes(4 * each.count())});
  const auto path_of = [&](uid_t uid, const char* name) {
    return folder.path() / std::to_string(uid) / (hexadecimal(key_of(name, uid)) + ".image");
  };
  save(*store, kBob, key_of("b", kBob), content);
  age(path_of(kBob, "b"), 500);
  int seconds = 400;
  for (const char* name : {"1", "2", "3"}) {
    save(*store, kAlice, key_of(name), content);
    age(path_of(kAlice, name), seconds);
    seconds -= 100;
  }
  CHECK(load(*store, kAlice, key_of("1")) == content);  // used now: the longest unused is 2
  save(*store, kAlice, key_of("4"), content);
  CHECK(load(*store, kAlice, key_of("2")) == "(none)");
  for (const char* name : {"1", "3", "4"}) CHECK(load(*store, kAlice, key_of(name)) == content);
  CHECK(load(*store, kBob, key_of("b", kBob)) == content);  // the oldest of all, but its user has but this one
  CHECK(store->counts().evicted == 1);
  const StoreUse use = *store->sweep();
  CHECK(use.entries == 4);
  CHECK(use.bytes == Bytes(4 * each.count()));
}

TEST_CASE("the number of images is limited as well, and one that is too large is not kept") {
  const Folder folder;
  const auto store = folder.open({Bytes(2000), Bytes(1 << 20), 3});
  for (const char* name : {"1", "2", "3", "4", "5"}) save(*store, kAlice, key_of(name), "image");
  CHECK(folder.files().size() == 3);
  const std::string large(2001, 'x');
  save(*store, kAlice, key_of("large"), large);
  CHECK(load(*store, kAlice, key_of("large")) == "(none)");
}

TEST_CASE("what a killed slackd left unfinished goes in time") {
  const Folder folder;
  const auto store = folder.open();
  save(*store, kAlice, key_of("m"), "image");
  const fs::path fresh = folder.path() / "1000" / ".fresh";
  const fs::path stale = folder.path() / "1000" / ".stale";
  std::ofstream(fresh) << "half";
  std::ofstream(stale) << "half";
  age(stale, 7200);
  CHECK(store->sweep()->entries == 1);
  CHECK(fs::exists(fresh));
  CHECK_FALSE(fs::exists(stale));
}

TEST_CASE("a user's images can be removed, or everybody's") {
  const Folder folder;
  const auto store = folder.open();
  for (const char* name : {"1", "2"}) save(*store, kAlice, key_of(name), "image");
  save(*store, kBob, key_of("1", kBob), "image");
  CHECK(store->prune(kAlice) == 2);
  CHECK(load(*store, kBob, key_of("1", kBob)) == "image");
  CHECK(store->prune(std::nullopt) == 1);
  CHECK(fs::is_empty(folder.path()));
  save(*store, kAlice, key_of("1"), "image");
  CHECK(load(*store, kAlice, key_of("1")) == "image");
  store->remove(kAlice, key_of("1"));
  CHECK(load(*store, kAlice, key_of("1")) == "(none)");
}

TEST_CASE("what cannot be looked through or removed is told, not counted as nothing") {
  const Folder folder;
  const auto store = folder.open();
  save(*store, kAlice, key_of("1"), "image");
  save(*store, kBob, key_of("1", kBob), "image");
  // By root too: a folder is not unlinked.
  const fs::path obstacle = folder.path() / "1000" / "obstacle";
  fs::create_directory(obstacle);
  const auto pruned = store->prune(std::nullopt);
  REQUIRE_FALSE(pruned);
  CHECK(pruned.error().what.find(obstacle.string()) != std::string::npos);
  CHECK(pruned.error().what.find("2 images were removed") != std::string::npos);
  CHECK(load(*store, kBob, key_of("1", kBob)) == "(none)");
  // What is no folder is nobody's.
  std::ofstream(folder.path() / "1002") << "x";
  CHECK(store->sweep());
  if (::geteuid() == 0) return;
  fs::permissions(folder.path() / "1000", fs::perms::none);
  CHECK_FALSE(store->sweep());
  CHECK_FALSE(store->prune(kAlice));
  fs::permissions(folder.path() / "1000", fs::perms::owner_all);
}

TEST_CASE("writers, readers and sweepers at once see whole images only") {
  const Folder folder;
  const std::string content(20'000, 'x');
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  std::atomic<int> read = 0;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      // Two stores, as of two processes.
      const auto opened = ImageStore::open(folder.path(), {Bytes(1 << 20), Bytes(100'000)});
      if (!opened) return void(++wrong);
      for (int round = 0; round < 100; ++round) {
        const Key key = key_of(std::to_string(round % 3));
        const Fd image(::memfd_create("image", MFD_CLOEXEC));
        if (::write(image.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size())) ++wrong;
        if (i % 2 == 0 && !(*opened)->save(kAlice, key, image.get(), Bytes(content.size()))) ++wrong;
        const auto loaded = (*opened)->load(kAlice, key);
        if (!loaded) ++wrong;
        if (loaded && *loaded) ++read;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(read > 0);
  for (const auto& file : folder.files()) CHECK(file.extension() == ".image");
}

TEST_CASE("a store is not opened where others could write") {
  const Folder folder;
  const auto missing = ImageStore::open(folder.path() / "a" / "b" / "c", kRoomy);
  CHECK_FALSE(missing);
  CHECK(ImageStore::open(folder.path() / "new" / "slackd", kRoomy));
  std::ofstream(folder.path() / "file") << "x";
  CHECK_FALSE(ImageStore::open(folder.path() / "file", kRoomy));
  fs::create_directory_symlink(folder.path(), folder.path() / "link");
  CHECK_FALSE(ImageStore::open(folder.path() / "link", kRoomy));
  if (::geteuid() != 0) {
    WARN("SKIPPED: the rest needs root");
    return;
  }
  fs::create_directory(folder.path() / "theirs");
  REQUIRE(::chown((folder.path() / "theirs").c_str(), kAlice, kAlice) == 0);
  const auto theirs = ImageStore::open(folder.path() / "theirs", kRoomy);
  REQUIRE_FALSE(theirs);
  CHECK(theirs.error().what.find("belongs to user 1000") != std::string::npos);
  CHECK_FALSE(ImageStore::open(folder.path() / "theirs" / ".cache" / "slackd", kRoomy));
  CHECK(fs::is_empty(folder.path() / "theirs"));
}

}  // namespace
}  // namespace slack::cache

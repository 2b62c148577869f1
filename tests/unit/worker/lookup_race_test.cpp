// Races: while somebody outside swaps directories for links that lead out, nothing a module does gets out.
#include <fcntl.h>
#include <stdio.h>
#include <sys/inotify.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "tests/unit/worker/guest.hpp"

using namespace slack;
using namespace slack::worker;
using namespace slack::worker::wasi;
using test::Folder;
using test::Guest;

namespace {

// Swaps two names in `folder` for as long as it lives.
class Swapper {
 public:
  Swapper(const Folder& folder, const char* a, const char* b)
      : folder_(folder.open()), thread_([this, a, b] {
          while (!done_.load(std::memory_order_relaxed))
            if (::renameat2(folder_.get(), a, folder_.get(), b, RENAME_EXCHANGE) == 0)
              swaps_.fetch_add(1, std::memory_order_relaxed);
        }) {}
  ~Swapper() {
    done_ = true;
    thread_.join();
  }
  Swapper(const Swapper&) = delete;
  Swapper& operator=(const Swapper&) = delete;
  [[nodiscard]] std::uint64_t swaps() const { return swaps_.load(std::memory_order_relaxed); }

 private:
  Fd folder_;
  std::atomic<bool> done_ = false;
  std::atomic<std::uint64_t> swaps_ = 0;
  std::thread thread_;
};

std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    names.push_back(entry.path().lexically_relative(folder));
  std::ranges::sort(names);
  return names;
}

// Sees whatever is opened, made, changed or removed in a folder.
class Watch {
 public:
  explicit Watch(const Folder& folder) : inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    REQUIRE(::inotify_add_watch(inotify_.get(), folder.path().c_str(), IN_ALL_EVENTS) >= 0);
  }
  [[nodiscard]] bool saw_something() const {
    std::array<std::byte, 4096> events;
    return ::read(inotify_.get(), events.data(), events.size()) > 0;
  }

 private:
  Fd inotify_;
};

constexpr auto kPatience = std::chrono::seconds(20);

}  // namespace

TEST_CASE("a directory that turns into a link out of the preopened one lets nothing in or out") {
  const Folder outside;
  std::filesystem::create_directory(outside.path() / "inner");
  outside.write("file", "outside");
  outside.write("victim", "outside");
  const auto untouched = names_in(outside.path());
  const Folder folder;
  std::filesystem::create_directories(folder.path() / "d" / "inner");
  folder.write("d/file", "inside");
  folder.write("own", "own");
  std::filesystem::create_directory_symlink(outside.path(), folder.path() / "x");
  Guest guest;
  guest.preopen(folder);
  Wasi& w = guest.state;
  const GuestMemory& m = guest.memory;
  guest.put(20000, "d/file");
  guest.put(20100, "d/new");
  guest.put(20200, "d/victim");
  guest.put(20300, "own");
  guest.put_value(16, Buffer{1000, 100});

  std::uint64_t inside = 0;
  std::uint64_t refused = 0;
  std::uint64_t leaked = 0;
  const auto count = [&](Errno error) {
    inside += error == Errno::success ? 1 : 0;
    refused += error == Errno::perm ? 1 : 0;
  };
  {
    const Watch watch(outside);
    const Swapper swapper(folder, "d", "x");
    const auto give_up = std::chrono::steady_clock::now() + kPatience;
    for (int i = 0; (i < 3000 || inside < 100 || refused < 100) && std::chrono::steady_clock::now() < give_up; ++i) {
      const Errno opened = path_open(w, m, 3, 1, 20000, 6, 0, rights::fd_read | rights::fd_write, 0, 0, 8);
      count(opened);
      if (opened == Errno::success) {
        REQUIRE(fd_read(w, m, guest.opened(), 16, 1, 0) == Errno::success);
        leaked += guest.text(1000, guest.get<U32>(0)) != "inside" ? 1 : 0;
        REQUIRE(fd_close(w, m, guest.opened()) == Errno::success);
      }
      count(path_filestat_get(w, m, 3, 1, 20000, 6, 64));
      count(path_filestat_set_times(w, m, 3, 1, 20000, 6, 0, 0, fstflags::mtim));
      count(path_open(w, m, 3, 1, 20100, 5, oflags::creat | oflags::trunc, rights::fd_write, 0, 0, 8));
      (void)fd_close(w, m, guest.opened());
      count(path_unlink_file(w, m, 3, 20100, 5));
      count(path_create_directory(w, m, 3, 20100, 5));
      count(path_remove_directory(w, m, 3, 20100, 5));
      count(path_symlink(w, m, 20300, 3, 3, 20100, 5));
      count(path_unlink_file(w, m, 3, 20100, 5));
      count(path_link(w, m, 3, 0, 20300, 3, 3, 20100, 5));
      count(path_unlink_file(w, m, 3, 20100, 5));
      count(path_unlink_file(w, m, 3, 20200, 8));
      count(path_rename(w, m, 3, 20300, 3, 3, 20100, 5));
      count(path_rename(w, m, 3, 20100, 5, 3, 20300, 3));
    }
    CHECK(swapper.swaps() > 100);
    CHECK_FALSE(watch.saw_something());
  }
  CHECK(inside >= 100);
  CHECK(refused >= 100);
  CHECK(leaked == 0);
  CHECK(names_in(outside.path()) == untouched);
  CHECK(outside.read("file") == "outside");
}

TEST_CASE("a directory that is moved out of the preopened one while a path climbs from it lets nobody out") {
  const Folder whole;
  std::filesystem::create_directories(whole.path() / "preopened" / "a" / "b" / "c");
  std::filesystem::create_directories(whole.path() / "elsewhere" / "b" / "c");
  whole.write("secret", "outside");
  whole.write("preopened/secret", "inside");
  whole.write("elsewhere/secret", "outside");
  Guest guest;
  (void)guest.state.add_input(Guest::null());
  (void)guest.state.add_output(Guest::null());
  (void)guest.state.add_output(Guest::null());
  (void)guest.state.add_directory(Fd(::open((whole.path() / "preopened").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
                                  ".", false);
  guest.put_value(16, Buffer{1000, 100});
  std::uint64_t inside = 0;
  std::uint64_t leaked = 0;
  {
    const Swapper swapper(whole, "preopened/a/b", "elsewhere/b");
    const auto give_up = std::chrono::steady_clock::now() + kPatience;
    for (int i = 0; (i < 5000 || inside < 100) && std::chrono::steady_clock::now() < give_up; ++i) {
      const Errno opened = guest.open("a/b/c/../../../secret", rights::fd_read);
      if (opened != Errno::success) continue;
      ++inside;
      REQUIRE(fd_read(guest.state, guest.memory, guest.opened(), 16, 1, 0) == Errno::success);
      leaked += guest.text(1000, guest.get<U32>(0)) != "inside" ? 1 : 0;
      REQUIRE(fd_close(guest.state, guest.memory, guest.opened()) == Errno::success);
    }
    CHECK(swapper.swaps() > 100);
  }
  CHECK(inside >= 100);
  CHECK(leaked == 0);
}

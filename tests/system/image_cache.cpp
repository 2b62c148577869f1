// The image cache of a real slackd: the second run skips the compiler, and what is damaged is compiled again.
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <vector>

#include "tests/scratch_folder.hpp"
#include "tests/system/peer.hpp"

namespace {

using namespace slack;
using namespace slack::test;
namespace fs = std::filesystem;

// A cache of the test's own, as systemd would give one.
struct CacheFolder : ScratchFolder {
  CacheFolder() { ::setenv("CACHE_DIRECTORY", path().c_str(), 1); }
  ~CacheFolder() { ::unsetenv("CACHE_DIRECTORY"); }
  // Until what is being written is there.
  [[nodiscard]] fs::path the_image() const {
    for (int i = 0; i < 2'000; ++i, ::usleep(5'000))
      if (const auto found = files(); found.size() == 1 && found[0].extension() == ".image") return found[0];
    FAIL("no image, or more than one");
    return {};
  }
};

Option flag(const char* name, bool value) {
  return [name, value](sd_bus_message* message) {
    REQUIRE(sd_bus_message_append(message, "{sv}", name, "b", static_cast<int>(value)) >= 0);
  };
}

std::string how(Peer& peer, const std::vector<Option>& options = {}) {
  const Finished finished = peer.wait_for(peer.run_module(empty_module(), options));
  CHECK(finished.verdict == "ok");
  if (finished.text("cache") == "hit") CHECK(finished.number("compile_usec") == 0);
  if (finished.text("cache") != "hit") CHECK(finished.number("compile_usec") > 0);
  return finished.text("cache");
}

}  // namespace

TEST_CASE("the second run skips the compiler, in the same slackd and in the next one") {
  const CacheFolder folder;
  {
    Peer peer;
    CHECK(how(peer) == "miss");
    CHECK(how(peer) == "hit");
    CHECK(how(peer, {flag("cache", false)}) == "off");
    CHECK(how(peer, {flag("deterministic", true)}) == "miss");
  }
  Peer next;
  CHECK(how(next) == "hit");
  CHECK(how(next, {flag("deterministic", true)}) == "hit");
  // Nobody else may look into it.
  for (const auto& image : folder.files()) {
    struct stat status{};
    REQUIRE(::stat(image.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0600);
    CHECK(image.parent_path().filename() == std::to_string(::getuid()));
  }
  Peer without({"--cache-mib=0"});
  CHECK(how(without) == "off");
}

TEST_CASE("an image with a flipped byte is compiled anew, and replaced") {
  const CacheFolder folder;
  {
    Peer peer;
    CHECK(how(peer) == "miss");
    (void)folder.the_image();
  }
  const fs::path image = folder.the_image();
  const auto size = fs::file_size(image);
  for (const auto place : {std::uintmax_t{9}, size / 2, size - 1}) {
    {
      std::fstream file(image, std::ios::in | std::ios::out | std::ios::binary);
      file.seekg(static_cast<std::streamoff>(place));
      const auto byte = static_cast<char>(file.get() ^ 1);
      file.seekp(static_cast<std::streamoff>(place));
      file.put(byte);
    }
    {
      Peer peer;
      CHECK(how(peer) == "miss");
    }
    Peer again;
    CHECK(how(again) == "hit");
  }
}

TEST_CASE("Prune removes the caller's images") {
  const CacheFolder folder;
  Peer peer;
  CHECK(how(peer) == "miss");
  (void)folder.the_image();
  sd_bus_message* reply = nullptr;
  sd_bus_error error = SD_BUS_ERROR_NULL;
  REQUIRE(sd_bus_call_method(peer.bus(), nullptr, kManagerPath, kManagerInterface, "Prune", &error, &reply, "") >= 0);
  std::uint32_t runs = 0;
  std::uint64_t images = 0;
  REQUIRE(sd_bus_message_read(reply, "ut", &runs, &images) >= 0);
  sd_bus_message_unref(reply);
  CHECK(images == 1);
  CHECK(folder.files().empty());
  CHECK(how(peer) == "miss");
}

TEST_CASE("a cache that others could write to is not used, and runs go on without") {
  if (::geteuid() != 0) {
    WARN("SKIPPED: needs root to give a folder away");
    return;
  }
  const CacheFolder folder;
  REQUIRE(::chown(folder.path().c_str(), 12345, 12345) == 0);
  Peer peer;
  CHECK(how(peer) == "off");
  CHECK(folder.files().empty());
}

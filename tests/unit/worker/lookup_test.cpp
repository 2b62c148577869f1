// Paths, what path_open's arguments mean, and that nothing leads out of a directory.
#include "daemon/worker/wasi/lookup.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/worker/guest.hpp"

using namespace slack;
using namespace slack::worker;
using namespace slack::worker::wasi;
using test::Folder;
using test::Guest;

TEST_CASE("paths are checked before the kernel sees them") {
  CHECK(check_path("a/b") == Errno::success);
  CHECK(check_path("") == Errno::noent);
  CHECK(check_path("/etc/passwd") == Errno::perm);
  CHECK(check_path(std::string_view("a\0b", 3)) == Errno::inval);
  CHECK(check_path("\xff") == Errno::ilseq);
  CHECK(check_path(std::string(4095, 'a')) == Errno::success);
  CHECK(check_path(std::string(4096, 'a')) == Errno::nametoolong);
}

TEST_CASE("a path splits into its parent and its last component") {
  const auto check = [](std::string_view path, std::string_view parent, std::string_view name) {
    CHECK(split_path(path).parent == parent);
    CHECK(split_path(path).name == name);
  };
  check("a", "", "a");
  check("a/", "", "a/");
  check("a/b", "a", "b");
  check("a/b/c//", "a/b", "c//");
  check("a//b", "a/", "b");
  check("a/..", "a", "..");
}

TEST_CASE("the depth of a path is counted as it is written, and none goes above the preopened directory") {
  CHECK(depth_after(0, "") == 0u);
  CHECK(depth_after(0, "a/b") == 2u);
  CHECK(depth_after(0, "a//./b/") == 2u);
  CHECK(depth_after(0, "a/../b") == 1u);
  CHECK(depth_after(2, "../..") == 0u);
  CHECK(depth_after(2, "../../a/..") == 0u);
  CHECK_FALSE(depth_after(0, ".."));
  CHECK_FALSE(depth_after(0, "a/../.."));
  CHECK_FALSE(depth_after(2, "../../../a/b/c"));
  CHECK_FALSE(depth_after(9, "/a"));
  CHECK(depth_after(0, "..a") == 1u);
}

TEST_CASE("path_open's rights decide how a file is opened") {
  Descriptor directory;
  directory.base = rights::kDirectory;
  directory.inheriting = rights::kBelow;
  const auto plan = [&](U64 base, U32 open_flags = 0, U32 flags = 0, U32 lookup = 1) {
    return plan_open(directory, OpenArguments{lookup, open_flags, base, 0, flags});
  };
  CHECK((plan(rights::fd_read)->flags & O_ACCMODE) == O_RDONLY);
  CHECK((plan(rights::fd_write)->flags & O_ACCMODE) == O_WRONLY);
  CHECK((plan(rights::fd_read | rights::fd_write)->flags & O_ACCMODE) == O_RDWR);
  CHECK((plan(0)->flags & O_ACCMODE) == O_RDONLY);
  CHECK((plan(rights::fd_seek)->base & rights::fd_tell) != 0);
  CHECK((plan(0, 0, 0, 0)->flags & O_NOFOLLOW) != 0);
  CHECK((plan(0)->flags & O_NOFOLLOW) == 0);
  CHECK((plan(rights::fd_write, oflags::creat | oflags::excl)->flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL));
  CHECK((plan(rights::fd_write, oflags::trunc)->flags & O_TRUNC) != 0);
  CHECK((plan(rights::fd_write, 0, fdflags::append | fdflags::dsync)->flags & (O_APPEND | O_DSYNC)) ==
        (O_APPEND | O_DSYNC));
  CHECK((plan(rights::fd_read, oflags::trunc)->flags & (O_ACCMODE | O_TRUNC)) == (O_RDWR | O_TRUNC));
  CHECK(plan(0, oflags::trunc)->base == 0);
  CHECK(plan(rights::fd_read, oflags::creat | oflags::directory).error() == Errno::inval);
  CHECK(plan(rights::fd_read, 16).error() == Errno::inval);
  CHECK(plan(rights::fd_read, 0, 32).error() == Errno::inval);
  CHECK(plan(rights::fd_read, 0, 0, 2).error() == Errno::inval);
  CHECK(plan(~U64{0})->base == rights::kKnown);

  SECTION("a directory without the right creates and truncates nothing") {
    directory.base &= ~(rights::path_create_file | rights::path_filestat_set_size);
    CHECK(plan(rights::fd_write, oflags::creat).error() == Errno::notcapable);
    CHECK(plan(rights::fd_write, oflags::trunc).error() == Errno::notcapable);
  }
  SECTION("nothing is had that the directory does not hand on") {
    directory.inheriting = rights::fd_read | rights::fd_datasync;
    CHECK(plan(rights::fd_read)->base == rights::fd_read);
    CHECK(plan(rights::fd_read | rights::fd_seek).error() == Errno::notcapable);
    CHECK(plan(rights::fd_read, 0, fdflags::dsync).has_value());
    CHECK(plan(rights::fd_read, 0, fdflags::sync).error() == Errno::notcapable);
    CHECK(plan(rights::fd_read, 0, fdflags::rsync).error() == Errno::notcapable);
    CHECK(plan_open(directory, OpenArguments{1, 0, 0, rights::fd_write, 0}).error() == Errno::notcapable);
    directory.inheriting = rights::fd_read | rights::fd_sync;
    CHECK(plan(rights::fd_read, 0, fdflags::dsync | fdflags::sync).has_value());
    directory.inheriting = 0;
    CHECK(plan(0, 0, fdflags::dsync).error() == Errno::notcapable);
  }
  SECTION("below a read-only directory nothing is written or created") {
    directory.read_only = true;
    CHECK(plan(rights::fd_write).error() == Errno::rofs);
    CHECK(plan(rights::fd_read, oflags::creat).error() == Errno::rofs);
    CHECK(plan(rights::fd_read).has_value());
  }
}

TEST_CASE("no path leads out of a preopened directory") {
  const Folder outside;
  outside.write("secret", "secret");
  Guest guest;
  const Folder folder;
  std::filesystem::create_directory(folder.path() / "sub");
  std::filesystem::create_symlink(outside.path() / "secret", folder.path() / "absolute");
  std::filesystem::create_symlink("../" + outside.path().filename().string() + "/secret", folder.path() / "relative");
  std::filesystem::create_symlink("..", folder.path() / "up");
  folder.write("file", "inside");
  std::filesystem::create_symlink("../file", folder.path() / "sub" / "within");
  guest.preopen(folder);

  for (const std::string_view path :
       {std::string_view(".."), std::string_view("../x"), std::string_view("sub/../../x"), std::string_view("absolute"),
        std::string_view("relative"), std::string_view("up/x"), std::string_view("up")})
    CHECK(guest.open(path, rights::fd_read) == Errno::perm);
  CHECK(guest.open("sub/within", rights::fd_read) == Errno::success);
  CHECK(guest.open("sub/within", rights::fd_read, 0, 0) == Errno::loop);
  CHECK(guest.open("absolute", rights::fd_read, 0, 0) == Errno::loop);
  CHECK(guest.open("missing", rights::fd_read) == Errno::noent);
  CHECK(guest.open("file/x", rights::fd_read) == Errno::notdir);
  CHECK(guest.open("sub", rights::fd_write) == Errno::isdir);

  const auto path = [&](std::string_view text) { return guest.put(30000, text); };
  CHECK(path_create_directory(guest.state, guest.memory, 3, path("up/new"), 6) == Errno::perm);
  CHECK(path_unlink_file(guest.state, guest.memory, 3, path("../secret"), 9) == Errno::perm);
  CHECK(path_filestat_get(guest.state, guest.memory, 3, 1, path("absolute"), 8, 64) == Errno::perm);
  CHECK(path_filestat_get(guest.state, guest.memory, 3, 0, path("absolute"), 8, 64) == Errno::success);
  CHECK(guest.get<FileStat>(64).type == FileType::symbolic_link);
  CHECK(path_readlink(guest.state, guest.memory, 3, path("up"), 2, 100, 10, 64) == Errno::success);
  CHECK(guest.text(100, guest.get<U32>(64)) == "..");
  CHECK(path_readlink(guest.state, guest.memory, 3, path("up/"), 3, 100, 10, 64) == Errno::perm);
  CHECK(path_readlink(guest.state, guest.memory, 3, path("file"), 4, 100, 10, 64) == Errno::inval);
  guest.put(31000, "../moved");
  CHECK(path_rename(guest.state, guest.memory, 3, path("file"), 4, 3, 31000, 8) == Errno::perm);
}

TEST_CASE("directories are made, renamed and removed") {
  Guest guest;
  const Folder folder;
  guest.preopen(folder);
  const auto path = [&](std::string_view text) { return guest.put(30000, text); };
  CHECK(path_create_directory(guest.state, guest.memory, 3, path("a"), 1) == Errno::success);
  CHECK(path_create_directory(guest.state, guest.memory, 3, path("a"), 1) == Errno::exist);
  CHECK(path_create_directory(guest.state, guest.memory, 3, path("a/b/"), 4) == Errno::success);
  CHECK(path_remove_directory(guest.state, guest.memory, 3, path("a"), 1) == Errno::notempty);
  guest.put(31000, "a/c");
  CHECK(path_rename(guest.state, guest.memory, 3, path("a/b"), 3, 3, 31000, 3) == Errno::success);
  CHECK(path_remove_directory(guest.state, guest.memory, 3, path("a/c"), 3) == Errno::success);
  folder.write("f", "x");
  CHECK(path_remove_directory(guest.state, guest.memory, 3, path("f"), 1) == Errno::notdir);
  CHECK(path_unlink_file(guest.state, guest.memory, 3, path("a"), 1) == Errno::isdir);
  CHECK(path_unlink_file(guest.state, guest.memory, 3, path("f"), 1) == Errno::success);
  CHECK(path_unlink_file(guest.state, guest.memory, 3, path("f"), 1) == Errno::noent);
  CHECK(path_unlink_file(guest.state, guest.memory, 1, path("f"), 1) == Errno::notdir);
  CHECK(path_unlink_file(guest.state, guest.memory, 9, path("f"), 1) == Errno::badf);
  CHECK(path_unlink_file(guest.state, guest.memory, 3, 65530, 10) == Errno::fault);
}

TEST_CASE("a read-only directory and what is opened below it stay as they are") {
  Guest guest;
  const Folder folder;
  folder.write("f", "x");
  std::filesystem::create_directory(folder.path() / "sub");
  guest.preopen(folder, true);
  const auto path = [&](std::string_view text) { return guest.put(30000, text); };
  CHECK(guest.open("f", rights::fd_write) == Errno::rofs);
  CHECK(guest.open("g", rights::fd_read, oflags::creat) == Errno::rofs);
  CHECK(path_unlink_file(guest.state, guest.memory, 3, path("f"), 1) == Errno::rofs);
  CHECK(path_create_directory(guest.state, guest.memory, 3, path("d"), 1) == Errno::rofs);
  REQUIRE(guest.open("sub", rights::kDirectory) == Errno::success);
  CHECK(path_create_directory(guest.state, guest.memory, guest.opened(), path("d"), 1) == Errno::rofs);
  CHECK(guest.open("f", rights::fd_read) == Errno::success);
  CHECK(fd_filestat_set_size(guest.state, guest.memory, guest.opened(), 0) == Errno::notcapable);
}

TEST_CASE("a directory is read whole, by cookies and into small buffers") {
  Guest guest;
  const Folder folder;
  for (int i = 0; i < 20; ++i) folder.write("file-" + std::to_string(i), "");
  guest.preopen(folder);
  std::vector<std::string> names;
  U64 cookie = 0;
  for (;;) {
    REQUIRE(fd_readdir(guest.state, guest.memory, 3, 1000, 100, cookie, 0) == Errno::success);
    const U32 used = guest.get<U32>(0);
    U32 at = 0;
    while (used - at >= sizeof(DirectoryEntry)) {
      const auto entry = guest.get<DirectoryEntry>(1000 + at);
      if (used - at - sizeof(DirectoryEntry) < entry.name_length) break;
      names.push_back(guest.text(1000 + at + sizeof(DirectoryEntry), entry.name_length));
      cookie = entry.next;
      at += static_cast<U32>(sizeof(DirectoryEntry)) + entry.name_length;
    }
    if (used < 100) break;
  }
  std::ranges::sort(names);
  CHECK(names.size() == 22);
  CHECK(std::ranges::adjacent_find(names) == names.end());
  CHECK(names[0] == ".");
  CHECK(fd_readdir(guest.state, guest.memory, 3, 65500, 100, 0, 0) == Errno::fault);
  CHECK(fd_readdir(guest.state, guest.memory, 3, 1000, 100, ~U64{0}, 0) == Errno::inval);
}

TEST_CASE("preopened directories tell their names, and nothing else does") {
  Guest guest;
  const Folder folder;
  guest.preopen(folder);
  CHECK(fd_prestat_get(guest.state, guest.memory, 3, 0) == Errno::success);
  CHECK(guest.get<PreStat>(0).name_length == 1);
  CHECK(fd_prestat_dir_name(guest.state, guest.memory, 3, 100, 1) == Errno::success);
  CHECK(guest.text(100, 1) == ".");
  CHECK(fd_prestat_dir_name(guest.state, guest.memory, 3, 100, 0) == Errno::nametoolong);
  CHECK(fd_prestat_get(guest.state, guest.memory, 1, 0) == Errno::badf);
  CHECK(fd_prestat_get(guest.state, guest.memory, 4, 0) == Errno::badf);
}

TEST_CASE("descriptor numbers are the lowest free ones, and the table has an end") {
  Descriptors table;
  for (U32 i = 0; i < Descriptors::kMaximum; ++i) REQUIRE(table.insert(Descriptor{}).value() == i);
  CHECK(table.insert(Descriptor{}).error() == Errno::mfile);
  CHECK(table.close(5) == Errno::success);
  CHECK(table.insert(Descriptor{}).value() == 5);
  CHECK(table.close(4000) == Errno::badf);
  CHECK(table.renumber(5, 6) == Errno::success);
  CHECK(table.find(5).error() == Errno::badf);
  CHECK(table.renumber(5, 6) == Errno::badf);
  CHECK(table.renumber(6, 5) == Errno::badf);
  CHECK(table.renumber(6, 6) == Errno::success);
}

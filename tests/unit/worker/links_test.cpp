// Links, times, sockets and signals, and how a path that names nothing usable is answered.
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "tests/unit/worker/guest.hpp"

using namespace slack;
using namespace slack::worker;
using namespace slack::worker::wasi;
using test::Folder;
using test::Guest;

namespace {

struct Tree : Guest {
  Tree() {
    folder.write("file", "content");
    std::filesystem::create_directories(folder.path() / "a" / "b");
    preopen(folder);
  }
  U32 size_of(std::string_view text) { return static_cast<U32>(text.size()); }
  Errno symlink(std::string_view target, std::string_view path, U32 fd = 3) {
    return path_symlink(state, memory, put(20000, target), size_of(target), fd, put(30000, path), size_of(path));
  }
  Errno link(std::string_view from, std::string_view to, U32 lookup = 0, U32 from_fd = 3, U32 to_fd = 3) {
    return path_link(state, memory, from_fd, lookup, put(20000, from), size_of(from), to_fd, put(30000, to),
                     size_of(to));
  }
  Errno rename(std::string_view from, std::string_view to, U32 to_fd = 3) {
    return path_rename(state, memory, 3, put(20000, from), size_of(from), to_fd, put(30000, to), size_of(to));
  }
  Errno unlink(std::string_view path) { return path_unlink_file(state, memory, 3, put(30000, path), size_of(path)); }
  Errno mkdir(std::string_view path) {
    return path_create_directory(state, memory, 3, put(30000, path), size_of(path));
  }
  Errno rmdir(std::string_view path) {
    return path_remove_directory(state, memory, 3, put(30000, path), size_of(path));
  }
  Errno stat(std::string_view path, U32 lookup = 0) {
    return path_filestat_get(state, memory, 3, lookup, put(30000, path), size_of(path), 64);
  }
  Errno times(std::string_view path, U64 accessed, U64 modified, U32 flags, U32 lookup = 0) {
    return path_filestat_set_times(state, memory, 3, lookup, put(30000, path), size_of(path), accessed, modified,
                                   flags);
  }
  Folder folder;
};

}  // namespace

TEST_CASE("a symbolic link stays within the preopened directory, as its target is written") {
  Tree tree;
  CHECK(tree.symlink("file", "l1") == Errno::success);
  CHECK(tree.symlink("nowhere", "l2") == Errno::success);
  CHECK(tree.symlink("../../file", "a/b/l3") == Errno::success);
  CHECK(tree.symlink("a/../file", "l4") == Errno::success);
  CHECK(tree.symlink(".", "l5") == Errno::success);
  CHECK(std::filesystem::read_symlink(tree.folder.path() / "a/b/l3") == "../../file");
  CHECK(tree.open("a/b/l3", rights::fd_read) == Errno::success);
  for (const std::string_view outside : {"/", "/etc/passwd", "..", "../x", "a/../../x", "../../../x"})
    CHECK(tree.symlink(outside, "l6") == Errno::perm);
  CHECK(tree.symlink("../../../x", "a/b/l6") == Errno::perm);
  CHECK(tree.symlink("../x", "a/../l6") == Errno::perm);

  REQUIRE(tree.open("a", rights::kDirectory, oflags::directory) == Errno::success);
  const U32 a = tree.opened();
  CHECK(tree.symlink("../file", "l7", a) == Errno::success);
  CHECK(tree.symlink("../../x", "l8", a) == Errno::perm);
  CHECK(tree.symlink("../../file", "b/l8", a) == Errno::success);

  CHECK(tree.symlink("", "l9") == Errno::noent);
  CHECK(tree.symlink(std::string_view("a\0b", 3), "l9") == Errno::inval);
  CHECK(tree.symlink("\xff", "l9") == Errno::ilseq);
  CHECK(tree.symlink("file", "") == Errno::noent);
  CHECK(tree.symlink("file", "l1") == Errno::exist);
  CHECK(tree.symlink("file", "l9/") == Errno::noent);
  CHECK(tree.symlink("file", "a/") == Errno::exist);
  CHECK(tree.symlink("file", "a") == Errno::exist);
  CHECK(tree.symlink("file", "..") == Errno::perm);
  CHECK(tree.symlink("file", "../l9") == Errno::perm);
  CHECK(tree.symlink("file", "/l9") == Errno::perm);
  CHECK(tree.symlink("file", "file/l9") == Errno::notdir);
}

TEST_CASE("a hard link names what its source names, and follows no link to find it") {
  Tree tree;
  CHECK(tree.link("file", "h1") == Errno::success);
  CHECK(tree.link("a/../file", "a/b/h2") == Errno::success);
  struct stat status{};
  REQUIRE(::stat((tree.folder.path() / "a/b/h2").c_str(), &status) == 0);
  CHECK(status.st_nlink == 3);
  std::filesystem::create_symlink("file", tree.folder.path() / "link");
  CHECK(tree.link("link", "h3") == Errno::success);
  CHECK(std::filesystem::is_symlink(tree.folder.path() / "h3"));
  CHECK(tree.link("link", "h4", lookupflags::symlink_follow) == Errno::inval);
  CHECK(tree.link("file", "h4", 2) == Errno::inval);
  CHECK(tree.link("missing", "h4") == Errno::noent);
  CHECK(tree.link("file", "h1") == Errno::exist);
  CHECK(tree.link("file", "h4/") == Errno::noent);
  CHECK(tree.link("file/", "h4") == Errno::notdir);
  CHECK(tree.link("a", "h4") == Errno::perm);
  CHECK(tree.link("a/", "h4") == Errno::perm);
  CHECK(tree.link("..", "h4") == Errno::perm);
  CHECK(tree.link("file", "../h4") == Errno::perm);
  // A slash would make the kernel follow a link out of the directory.
  std::filesystem::create_directory_symlink("/", tree.folder.path() / "root");
  CHECK(tree.link("root/", "h4") == Errno::perm);
  std::filesystem::create_directory_symlink("/nowhere/at/all", tree.folder.path() / "lost");
  CHECK(tree.link("lost/", "h4") == Errno::perm);
}

TEST_CASE("between two preopened directories files move and link as their file systems let them") {
  Tree tree;
  const Folder other;
  REQUIRE(tree.state.add_directory(other.open(), "other", false).value() == 4);
  CHECK(tree.link("file", "linked", 0, 3, 4) == Errno::success);
  CHECK(tree.rename("file", "moved", 4) == Errno::success);
  CHECK(other.read("moved") == "content");
  CHECK(tree.rename("missing", "moved", 4) == Errno::noent);
  const Folder fixed;
  REQUIRE(tree.state.add_directory(fixed.open(), "fixed", true).value() == 5);
  CHECK(tree.rename("a", "b", 5) == Errno::rofs);
}

TEST_CASE("times are set as asked, to now, or left alone") {
  Tree tree;
  REQUIRE(tree.times("file", 1'000'000'001, 2'000'000'002, fstflags::atim | fstflags::mtim) == Errno::success);
  REQUIRE(tree.stat("file") == Errno::success);
  CHECK(tree.get<FileStat>(64).accessed == 1'000'000'001);
  CHECK(tree.get<FileStat>(64).modified == 2'000'000'002);
  REQUIRE(tree.times("file", 7, 8, fstflags::atim_now) == Errno::success);
  REQUIRE(tree.stat("file") == Errno::success);
  CHECK(tree.get<FileStat>(64).accessed > 1'600'000'000'000'000'000);
  CHECK(tree.get<FileStat>(64).modified == 2'000'000'002);
  REQUIRE(tree.times("file", 7, 8, 0) == Errno::success);
  for (const U32 flags : {3u, 12u, 15u, 16u, 0x10000u}) CHECK(tree.times("file", 0, 0, flags) == Errno::inval);
  CHECK(tree.times("missing", 0, 0, 0) == Errno::noent);
  CHECK(tree.times("../x", 0, 0, 0) == Errno::perm);
  CHECK(tree.times("file", 0, 0, 0, 2) == Errno::inval);

  SECTION("of a link itself, or of what it names") {
    std::filesystem::create_symlink("file", tree.folder.path() / "link");
    REQUIRE(tree.times("link", 0, 5'000'000'000, fstflags::mtim) == Errno::success);
    REQUIRE(tree.stat("link") == Errno::success);
    CHECK(tree.get<FileStat>(64).modified == 5'000'000'000);
    REQUIRE(tree.times("link", 0, 6'000'000'000, fstflags::mtim, 1) == Errno::success);
    REQUIRE(tree.stat("file") == Errno::success);
    CHECK(tree.get<FileStat>(64).modified == 6'000'000'000);
    REQUIRE(tree.stat("link", 0) == Errno::success);
    CHECK(tree.get<FileStat>(64).modified == 5'000'000'000);
  }
  SECTION("of open files and directories, not of streams") {
    REQUIRE(tree.open("file", rights::kFile) == Errno::success);
    const U32 fd = tree.opened();
    CHECK(fd_filestat_set_times(tree.state, tree.memory, fd, 0, 9'000'000'000, fstflags::mtim) == Errno::success);
    REQUIRE(fd_filestat_get(tree.state, tree.memory, fd, 64) == Errno::success);
    CHECK(tree.get<FileStat>(64).modified == 9'000'000'000);
    CHECK(fd_filestat_set_times(tree.state, tree.memory, 3, 0, 9'000'000'000, fstflags::mtim) == Errno::success);
    CHECK(fd_filestat_set_times(tree.state, tree.memory, fd, 0, 0, 12) == Errno::inval);
    CHECK(fd_filestat_set_times(tree.state, tree.memory, 1, 0, 0, 0) == Errno::badf);
    CHECK(fd_filestat_set_times(tree.state, tree.memory, 77, 0, 0, 0) == Errno::badf);
    CHECK(fd_fdstat_set_rights(tree.state, tree.memory, fd, rights::fd_read, 0) == Errno::success);
    CHECK(fd_filestat_set_times(tree.state, tree.memory, fd, 0, 0, 0) == Errno::notcapable);
  }
}

TEST_CASE("a last component of dots is answered by the kernel inside, and is EPERM where it leads out") {
  Tree tree;
  for (const std::string_view up : {"..", "../", "a/../..", "a/b/../../../"}) {
    CHECK(tree.mkdir(up) == Errno::perm);
    CHECK(tree.rmdir(up) == Errno::perm);
    CHECK(tree.unlink(up) == Errno::perm);
    CHECK(tree.rename("file", up) == Errno::perm);
    CHECK(tree.stat(up) == Errno::perm);
  }
  CHECK(tree.mkdir("a/..") == Errno::exist);
  CHECK(tree.rmdir("a/..") == Errno::notempty);
  CHECK(tree.rmdir("a/.") == Errno::inval);
  CHECK(tree.unlink("a/..") == Errno::isdir);
  CHECK(tree.rename("a/..", "x") == Errno::busy);
  CHECK(tree.mkdir("missing/..") == Errno::noent);
  CHECK(tree.mkdir(".") == Errno::exist);
  CHECK(tree.stat(".") == Errno::success);
}

TEST_CASE("trailing slashes mean a directory") {
  Tree tree;
  std::filesystem::create_symlink("a", tree.folder.path() / "link");
  CHECK(tree.unlink("file/") == Errno::notdir);
  CHECK(tree.unlink("link/") == Errno::notdir);
  CHECK(tree.rmdir("link/") == Errno::notdir);
  CHECK(tree.rename("file", "other/") == Errno::notdir);
  CHECK(tree.rename("a/b///", "c//") == Errno::success);
  CHECK(tree.rmdir("c//") == Errno::success);
  CHECK(tree.mkdir("d///") == Errno::success);
  CHECK(tree.stat("file/") == Errno::notdir);
  CHECK(tree.stat("link/") == Errno::success);
  CHECK(tree.get<FileStat>(64).type == FileType::directory);
  CHECK(tree.open("file/", rights::fd_read) == Errno::notdir);
  CHECK(tree.open("new/", rights::fd_write, oflags::creat) == Errno::isdir);
}

TEST_CASE("names are as long as the kernel takes them, paths up to 4095 bytes") {
  Tree tree;
  const std::string name(255, 'n');
  CHECK(tree.mkdir(name) == Errno::success);
  CHECK(tree.mkdir(name + "n") == Errno::nametoolong);
  std::string path;
  while (path.size() < 4094) path += "./";
  CHECK(tree.stat(path + ".") == Errno::success);
  CHECK(tree.stat(path + "./") == Errno::nametoolong);
}

TEST_CASE("a directory tells the parent of a preopened one nothing") {
  Tree tree;
  REQUIRE(fd_filestat_get(tree.state, tree.memory, 3, 64) == Errno::success);
  const U64 own = tree.get<FileStat>(64).inode;
  REQUIRE(fd_readdir(tree.state, tree.memory, 3, 1000, 8000, 0, 0) == Errno::success);
  const U32 used = tree.get<U32>(0);
  bool seen = false;
  for (U32 at = 0; at + sizeof(DirectoryEntry) <= used;) {
    const auto entry = tree.get<DirectoryEntry>(1000 + at);
    at += static_cast<U32>(sizeof entry);
    if (tree.text(1000 + at, entry.name_length) == "..") {
      seen = true;
      CHECK(entry.inode == own);
    }
    at += entry.name_length;
  }
  CHECK(seen);
}

TEST_CASE("nothing is a socket") {
  Tree tree;
  REQUIRE(tree.open("file", rights::kFile) == Errno::success);
  for (const U32 fd : {0u, 1u, 3u, 4u}) {
    CHECK(sock_accept(tree.state, tree.memory, fd, 0, 0) == Errno::notsock);
    CHECK(sock_recv(tree.state, tree.memory, fd, 0, 0, 0, 0, 0) == Errno::notsock);
    CHECK(sock_send(tree.state, tree.memory, fd, 0, 0, 0, 0) == Errno::notsock);
    CHECK(sock_shutdown(tree.state, tree.memory, fd, 3) == Errno::notsock);
  }
  CHECK(sock_accept(tree.state, tree.memory, 9, 0, 0) == Errno::badf);
  CHECK(sock_recv(tree.state, tree.memory, 9, 0, 0, 0, 0, 0) == Errno::badf);
  CHECK(sock_send(tree.state, tree.memory, 9, 0, 0, 0, 0) == Errno::badf);
  CHECK(sock_shutdown(tree.state, tree.memory, ~0u, 3) == Errno::badf);
}

TEST_CASE("a signal has its default action: it ends the run, or does nothing, or cannot be had") {
  const auto raise = [](U32 number) {
    Guest guest;
    const Errno error = proc_raise(guest.state, guest.memory, number);
    return std::pair(error, guest.state.ending ? guest.state.ending->exit_code : -1);
  };
  for (const U32 ignored : {0u, 13u, 16u, 17u, 22u, 27u}) CHECK(raise(ignored) == std::pair(Errno::success, -1));
  for (const U32 stops : {18u, 19u, 20u, 21u}) CHECK(raise(stops) == std::pair(Errno::notsup, -1));
  for (const U32 unknown : {31u, 255u, 0xffffffffu}) CHECK(raise(unknown) == std::pair(Errno::inval, -1));
  CHECK(raise(6) == std::pair(Errno::success, 134));
  CHECK(raise(30) == std::pair(Errno::success, 158));
}

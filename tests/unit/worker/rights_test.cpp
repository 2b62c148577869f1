// Rights: what a descriptor lost, each function that needs it refuses; what was not handed on cannot be had.
#include <catch2/catch.hpp>
#include <functional>

#include "tests/unit/worker/guest.hpp"

using namespace slack;
using namespace slack::worker;
using namespace slack::worker::wasi;
using test::Folder;
using test::Guest;

namespace {

// Descriptors: 3 a directory, 4 a file, each with all rights of its kind.
struct Opened : Guest {
  Opened() {
    folder.write("file", "content");
    std::filesystem::create_directory(folder.path() / "sub");
    std::filesystem::create_symlink("file", folder.path() / "link");
    preopen(folder);
    put_value(16, Buffer{1000, 4});
    REQUIRE(open("file", rights::kFile) == Errno::success);
    REQUIRE(opened() == 4);
    put(30000, "file");
    put(30100, "new");
    put(30200, "sub");
    put(30300, "link");
  }
  Folder folder;
};

struct Need {
  const char* name;
  U32 fd;
  U64 right;
  std::function<Errno(Wasi&, GuestMemory)> call;
};

const std::vector<Need>& needs() {
  namespace r = rights;
  static const std::vector<Need> all = {
      {"fd_datasync", 4, r::fd_datasync, [](Wasi& w, GuestMemory m) { return fd_datasync(w, m, 4); }},
      {"fd_read", 4, r::fd_read, [](Wasi& w, GuestMemory m) { return fd_read(w, m, 4, 16, 1, 0); }},
      {"fd_pread", 4, r::fd_read, [](Wasi& w, GuestMemory m) { return fd_pread(w, m, 4, 16, 1, 0, 0); }},
      {"fd_pread seeks", 4, r::fd_seek, [](Wasi& w, GuestMemory m) { return fd_pread(w, m, 4, 16, 1, 0, 0); }},
      {"fd_seek", 4, r::fd_seek, [](Wasi& w, GuestMemory m) { return fd_seek(w, m, 4, 1, 0, 64); }},
      {"fd_fdstat_set_flags", 4, r::fd_fdstat_set_flags,
       [](Wasi& w, GuestMemory m) { return fd_fdstat_set_flags(w, m, 4, 0); }},
      {"fd_sync", 4, r::fd_sync, [](Wasi& w, GuestMemory m) { return fd_sync(w, m, 4); }},
      {"fd_tell", 4, r::fd_tell | r::fd_seek, [](Wasi& w, GuestMemory m) { return fd_tell(w, m, 4, 64); }},
      {"fd_seek to where it is", 4, r::fd_tell | r::fd_seek,
       [](Wasi& w, GuestMemory m) { return fd_seek(w, m, 4, 0, 1, 64); }},
      {"fd_write", 4, r::fd_write, [](Wasi& w, GuestMemory m) { return fd_write(w, m, 4, 16, 1, 0); }},
      {"fd_pwrite", 4, r::fd_write, [](Wasi& w, GuestMemory m) { return fd_pwrite(w, m, 4, 16, 1, 0, 0); }},
      {"fd_pwrite seeks", 4, r::fd_seek, [](Wasi& w, GuestMemory m) { return fd_pwrite(w, m, 4, 16, 1, 0, 0); }},
      {"fd_advise", 4, r::fd_advise, [](Wasi& w, GuestMemory m) { return fd_advise(w, m, 4, 0, 0, 0); }},
      {"fd_allocate", 4, r::fd_allocate, [](Wasi& w, GuestMemory m) { return fd_allocate(w, m, 4, 0, 10); }},
      {"fd_filestat_get", 4, r::fd_filestat_get, [](Wasi& w, GuestMemory m) { return fd_filestat_get(w, m, 4, 64); }},
      {"fd_filestat_set_size", 4, r::fd_filestat_set_size,
       [](Wasi& w, GuestMemory m) { return fd_filestat_set_size(w, m, 4, 3); }},
      {"fd_filestat_set_times", 4, r::fd_filestat_set_times,
       [](Wasi& w, GuestMemory m) { return fd_filestat_set_times(w, m, 4, 0, 0, 0); }},
      {"fd_filestat_get of a directory", 3, r::fd_filestat_get,
       [](Wasi& w, GuestMemory m) { return fd_filestat_get(w, m, 3, 64); }},
      {"fd_filestat_set_times of a directory", 3, r::fd_filestat_set_times,
       [](Wasi& w, GuestMemory m) { return fd_filestat_set_times(w, m, 3, 0, 0, 0); }},
      {"path_create_directory", 3, r::path_create_directory,
       [](Wasi& w, GuestMemory m) { return path_create_directory(w, m, 3, 30100, 3); }},
      {"path_open creates", 3, r::path_create_file,
       [](Wasi& w, GuestMemory m) { return path_open(w, m, 3, 0, 30100, 3, oflags::creat, 0, 0, 0, 64); }},
      {"path_open truncates", 3, r::path_filestat_set_size,
       [](Wasi& w, GuestMemory m) { return path_open(w, m, 3, 0, 30000, 4, oflags::trunc, 0, 0, 0, 64); }},
      {"path_open", 3, r::path_open,
       [](Wasi& w, GuestMemory m) { return path_open(w, m, 3, 0, 30000, 4, 0, 0, 0, 0, 64); }},
      {"path_link from", 3, r::path_link_source,
       [](Wasi& w, GuestMemory m) { return path_link(w, m, 3, 0, 30000, 4, 3, 30100, 3); }},
      {"path_link to", 3, r::path_link_target,
       [](Wasi& w, GuestMemory m) { return path_link(w, m, 3, 0, 30000, 4, 3, 30100, 3); }},
      {"fd_readdir", 3, r::fd_readdir, [](Wasi& w, GuestMemory m) { return fd_readdir(w, m, 3, 1000, 100, 0, 64); }},
      {"path_readlink", 3, r::path_readlink,
       [](Wasi& w, GuestMemory m) { return path_readlink(w, m, 3, 30300, 4, 1000, 100, 64); }},
      {"path_rename from", 3, r::path_rename_source,
       [](Wasi& w, GuestMemory m) { return path_rename(w, m, 3, 30000, 4, 3, 30100, 3); }},
      {"path_rename to", 3, r::path_rename_target,
       [](Wasi& w, GuestMemory m) { return path_rename(w, m, 3, 30000, 4, 3, 30100, 3); }},
      {"path_filestat_get", 3, r::path_filestat_get,
       [](Wasi& w, GuestMemory m) { return path_filestat_get(w, m, 3, 0, 30000, 4, 64); }},
      {"path_filestat_set_times", 3, r::path_filestat_set_times,
       [](Wasi& w, GuestMemory m) { return path_filestat_set_times(w, m, 3, 0, 30000, 4, 0, 0, 0); }},
      {"path_symlink", 3, r::path_symlink,
       [](Wasi& w, GuestMemory m) { return path_symlink(w, m, 30000, 4, 3, 30100, 3); }},
      {"path_remove_directory", 3, r::path_remove_directory,
       [](Wasi& w, GuestMemory m) { return path_remove_directory(w, m, 3, 30200, 3); }},
      {"path_unlink_file", 3, r::path_unlink_file,
       [](Wasi& w, GuestMemory m) { return path_unlink_file(w, m, 3, 30000, 4); }},
  };
  return all;
}

}  // namespace

TEST_CASE("each function works with its right alone taken from the others, and not without it") {
  for (const Need& need : needs()) {
    INFO(need.name);
    {
      Opened with;
      CHECK(need.call(with.state, with.memory) == Errno::success);
    }
    Opened without;
    const U64 all = need.fd == 3 ? rights::kDirectory : rights::kFile;
    const U64 below = need.fd == 3 ? rights::kBelow : 0;
    REQUIRE(fd_fdstat_set_rights(without.state, without.memory, need.fd, all & ~need.right, below) == Errno::success);
    const bool is_open_mode = need.right == rights::fd_read || need.right == rights::fd_write;
    CHECK(need.call(without.state, without.memory) == (is_open_mode ? Errno::badf : Errno::notcapable));
  }
}

TEST_CASE("what a directory does not hand on, nothing below it has") {
  Opened guest;
  REQUIRE(guest.open("sub", rights::kDirectory, oflags::directory) == Errno::success);
  const U32 sub = guest.opened();
  std::filesystem::create_directory(guest.folder.path() / "sub" / "inner");
  REQUIRE(fd_fdstat_set_rights(guest.state, guest.memory, sub, rights::kDirectory,
                               rights::fd_read | rights::path_open) == Errno::success);
  guest.put(31000, "inner");
  const auto open = [&](U64 base, U64 inheriting) {
    return path_open(guest.state, guest.memory, sub, 0, 31000, 5, oflags::directory, base, inheriting, 0, 8);
  };
  CHECK(open(rights::path_open, rights::fd_read) == Errno::success);
  CHECK(fd_fdstat_get(guest.state, guest.memory, guest.opened(), 64) == Errno::success);
  CHECK(guest.get<FdStat>(64).rights_base == rights::path_open);
  CHECK(guest.get<FdStat>(64).rights_inheriting == rights::fd_read);
  CHECK(open(rights::fd_readdir, 0) == Errno::notcapable);
  CHECK(open(0, rights::fd_write) == Errno::notcapable);
}

TEST_CASE("rights that do not fit what was opened are left out") {
  Opened guest;
  REQUIRE(guest.open("file", ~U64{0} & ~rights::kWrites) == Errno::success);
  REQUIRE(fd_fdstat_get(guest.state, guest.memory, guest.opened(), 64) == Errno::success);
  CHECK(guest.get<FdStat>(64).rights_base == (rights::kFile & ~rights::kWrites));
  REQUIRE(guest.open("sub", ~U64{0} & ~rights::kWrites, oflags::directory) == Errno::success);
  REQUIRE(fd_fdstat_get(guest.state, guest.memory, guest.opened(), 64) == Errno::success);
  CHECK(guest.get<FdStat>(64).rights_base == rights::kDirectory);
}

TEST_CASE("fd_read or fd_write brings the right to poll; given up, polling is refused in its event") {
  Opened guest;
  REQUIRE(guest.open("file", rights::fd_read) == Errno::success);
  const U32 fd = guest.opened();
  Subscription wanted{};
  wanted.type = EventType::fd_read;
  wanted.file.fd = fd;
  guest.put_value(1000, wanted);
  REQUIRE(poll_oneoff(guest.state, guest.memory, 1000, 5000, 1, 0) == Errno::success);
  CHECK(guest.get<Event>(5000).error == Errno::success);
  CHECK(guest.get<Event>(5000).bytes == 7);
  REQUIRE(fd_fdstat_set_rights(guest.state, guest.memory, fd, rights::fd_read, 0) == Errno::success);
  REQUIRE(poll_oneoff(guest.state, guest.memory, 1000, 5000, 1, 0) == Errno::success);
  CHECK(guest.get<Event>(5000).error == Errno::notcapable);
}

// Reads, writes, buffers and the output limit.
#include "daemon/worker/wasi/stream.hpp"

#include <sys/mman.h>

#include <catch2/catch.hpp>

#include "tests/unit/worker/guest.hpp"

using namespace slack;
using namespace slack::worker;
using namespace slack::worker::wasi;
using test::Folder;
using test::Guest;

namespace {

// fd_write of one buffer.
Errno write(Guest& guest, U32 fd, std::string_view text) {
  guest.put(1000, text);
  guest.put_value(16, Buffer{1000, static_cast<U32>(text.size())});
  return fd_write(guest.state, guest.memory, fd, 16, 1, 0);
}

std::string content_of(int memfd) {
  std::string text(static_cast<std::size_t>(::lseek(memfd, 0, SEEK_END)), '\0');
  CHECK(::pread(memfd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  return text;
}

}  // namespace

TEST_CASE("the first buffer that is not empty is taken, and none outside memory") {
  Guest guest;
  guest.put_value(16, Buffer{0xffffffff, 0});
  guest.put_value(24, Buffer{100, 5});
  guest.put_value(32, Buffer{65530, 7});
  const auto taken = first_buffer(guest.memory, 16, 3);
  REQUIRE(taken.has_value());
  CHECK(taken->data() == guest.bytes.data() + 100);
  CHECK(taken->size() == 5);
  CHECK(first_buffer(guest.memory, 16, 1)->empty());
  CHECK(first_buffer(guest.memory, 16, 0)->empty());
  CHECK(first_buffer(guest.memory, 32, 1).error() == Errno::fault);
  CHECK(first_buffer(guest.memory, 65532, 1).error() == Errno::fault);
  CHECK(first_buffer(guest.memory, 0xfffffff8, 2).error() == Errno::fault);
  CHECK(first_buffer(guest.memory, 16, 5000).error() == Errno::inval);
}

TEST_CASE("standard output and error share the output limit, and going over it ends the run") {
  Guest guest(Wasi::Settings{.output = Bytes(10)});
  Fd out(::memfd_create("out", MFD_CLOEXEC));
  const int raw = out.get();
  REQUIRE(guest.state.add_input(Guest::null()).value() == 0);
  REQUIRE(guest.state.add_output(std::move(out)).value() == 1);
  REQUIRE(guest.state.add_output(Guest::null()).value() == 2);
  CHECK(write(guest, 1, "12345") == Errno::success);
  CHECK(guest.get<U32>(0) == 5);
  CHECK(write(guest, 2, "123") == Errno::success);
  CHECK_FALSE(guest.state.ending.has_value());
  CHECK(write(guest, 1, "678") == Errno::success);
  CHECK(content_of(raw) == "1234567");
  REQUIRE(guest.state.ending.has_value());
  CHECK(guest.state.ending->end == wire::End::limit);
  CHECK(guest.state.ending->text == std::string("output"));
}

TEST_CASE("a module that renumbers its standard output is still held to the limit") {
  Guest guest(Wasi::Settings{.output = Bytes(4)});
  const Folder folder;
  guest.preopen(folder);
  REQUIRE(guest.open("file", rights::fd_write, oflags::creat) == Errno::success);
  REQUIRE(fd_renumber(guest.state, guest.memory, 1, guest.opened()) == Errno::success);
  CHECK(write(guest, guest.opened(), "12345") == Errno::success);
  CHECK(guest.state.ending.has_value());
}

TEST_CASE("standard streams cannot be sought, read the wrong way, or have their flags changed") {
  Guest guest;
  const Folder folder;
  guest.preopen(folder);
  CHECK(fd_seek(guest.state, guest.memory, 1, 0, 1, 0) == Errno::spipe);
  CHECK(fd_tell(guest.state, guest.memory, 0, 0) == Errno::spipe);
  CHECK(fd_fdstat_set_flags(guest.state, guest.memory, 1, fdflags::nonblock) == Errno::badf);
  CHECK(fd_filestat_set_size(guest.state, guest.memory, 1, 0) == Errno::badf);
  CHECK(write(guest, 0, "x") == Errno::badf);
  guest.put_value(16, Buffer{1000, 4});
  CHECK(fd_read(guest.state, guest.memory, 1, 16, 1, 0) == Errno::badf);
  CHECK(fd_fdstat_get(guest.state, guest.memory, 1, 64) == Errno::success);
  CHECK(guest.get<FdStat>(64).type == FileType::unknown);
  CHECK(fd_filestat_get(guest.state, guest.memory, 1, 64) == Errno::success);
  CHECK(guest.get<FileStat>(64).inode == 0);
}

TEST_CASE("a file is written, sought and read at its position and at others") {
  Guest guest;
  const Folder folder;
  guest.preopen(folder);
  REQUIRE(guest.open("file", rights::kFile, oflags::creat) == Errno::success);
  const U32 fd = guest.opened();
  CHECK(fd == 4);
  CHECK(write(guest, fd, "hello world") == Errno::success);
  CHECK(folder.read("file") == "hello world");
  CHECK(fd_seek(guest.state, guest.memory, fd, 6, 0, 64) == Errno::success);
  CHECK(guest.get<U64>(64) == 6);
  guest.put_value(16, Buffer{2000, 100});
  CHECK(fd_read(guest.state, guest.memory, fd, 16, 1, 0) == Errno::success);
  CHECK(guest.text(2000, guest.get<U32>(0)) == "world");
  CHECK(fd_tell(guest.state, guest.memory, fd, 64) == Errno::success);
  CHECK(guest.get<U64>(64) == 11);
  CHECK(fd_pread(guest.state, guest.memory, fd, 16, 1, 4, 0) == Errno::success);
  CHECK(guest.text(2000, guest.get<U32>(0)) == "o world");
  CHECK(fd_pread(guest.state, guest.memory, fd, 16, 1, ~U64{0}, 0) == Errno::inval);
  guest.put_value(16, Buffer{guest.put(3000, "J"), 1});
  CHECK(fd_pwrite(guest.state, guest.memory, fd, 16, 1, 0, 0) == Errno::success);
  CHECK(folder.read("file") == "Jello world");
  CHECK(fd_seek(guest.state, guest.memory, fd, static_cast<U64>(-1), 0, 64) == Errno::inval);
  CHECK(fd_seek(guest.state, guest.memory, fd, 0, 3, 64) == Errno::inval);
  CHECK(fd_filestat_set_size(guest.state, guest.memory, fd, 5) == Errno::success);
  CHECK(fd_sync(guest.state, guest.memory, fd) == Errno::success);
  CHECK(fd_filestat_get(guest.state, guest.memory, fd, 64) == Errno::success);
  CHECK(guest.get<FileStat>(64).size == 5);
  CHECK(guest.get<FileStat>(64).type == FileType::regular_file);
  CHECK(fd_read(guest.state, guest.memory, fd, 16, 1, 0xfffffffe) == Errno::fault);
  CHECK(fd_close(guest.state, guest.memory, fd) == Errno::success);
  CHECK(fd_close(guest.state, guest.memory, fd) == Errno::badf);
}

TEST_CASE("rights can be given up and never be had back") {
  Guest guest;
  const Folder folder;
  guest.preopen(folder);
  REQUIRE(guest.open("file", rights::kFile, oflags::creat) == Errno::success);
  const U32 fd = guest.opened();
  const U64 fewer = rights::kFile & ~(rights::fd_write | rights::fd_sync);
  CHECK(fd_fdstat_set_rights(guest.state, guest.memory, fd, fewer, 0) == Errno::success);
  CHECK(write(guest, fd, "x") == Errno::badf);
  CHECK(fd_sync(guest.state, guest.memory, fd) == Errno::notcapable);
  CHECK(fd_fdstat_set_rights(guest.state, guest.memory, fd, rights::kFile, 0) == Errno::notcapable);
}

TEST_CASE("arguments and environment are laid out one after the other, or not at all") {
  Guest guest;
  guest.state.arguments = StringTable({"prog", "", "x y"});
  CHECK(args_sizes_get(guest.state, guest.memory, 0, 4) == Errno::success);
  CHECK(guest.get<U32>(0) == 3);
  CHECK(guest.get<U32>(4) == 10);
  CHECK(args_get(guest.state, guest.memory, 100, 200) == Errno::success);
  CHECK(guest.get<U32>(100) == 200);
  CHECK(guest.get<U32>(104) == 205);
  CHECK(guest.get<U32>(108) == 206);
  CHECK(guest.text(200, 10) == std::string("prog\0\0x y\0", 10));
  CHECK(args_get(guest.state, guest.memory, 65528, 200) == Errno::fault);
  CHECK(args_get(guest.state, guest.memory, 100, 65530) == Errno::fault);
  CHECK(environ_sizes_get(guest.state, guest.memory, 0, 4) == Errno::success);
  CHECK(guest.get<U64>(0) == 0);
}

TEST_CASE("deterministic clocks step by a millisecond a call from the year 2000, whichever clock is asked") {
  Guest guest(Wasi::Settings{.deterministic = true});
  for (U64 call = 0; call < 3; ++call) {
    CHECK(clock_time_get(guest.state, guest.memory, static_cast<U32>(call), 0, 64) == Errno::success);
    CHECK(guest.get<U64>(64) == 946684800000000000 + call * 1000000);
  }
  CHECK(clock_time_get(guest.state, guest.memory, 4, 0, 64) == Errno::inval);
  CHECK(random_get(guest.state, guest.memory, 100, 3) == Errno::success);
  CHECK(random_get(guest.state, guest.memory, 103, 5) == Errno::success);
  CHECK(guest.get<U64>(100) == 0xe220a8397b1dcdaf);
  CHECK(random_get(guest.state, guest.memory, 65535, 2) == Errno::fault);
}

TEST_CASE("real clocks and random numbers are the kernel's") {
  Guest guest;
  CHECK(clock_time_get(guest.state, guest.memory, 1, 0, 64) == Errno::success);
  CHECK(clock_time_get(guest.state, guest.memory, 1, 0, 72) == Errno::success);
  CHECK(guest.get<U64>(64) <= guest.get<U64>(72));
  CHECK(clock_res_get(guest.state, guest.memory, 0, 64) == Errno::success);
  CHECK(guest.get<U64>(64) > 0);
  CHECK(random_get(guest.state, guest.memory, 0, 65536) == Errno::success);
  CHECK(guest.get<U64>(1024) != guest.get<U64>(2048));
}

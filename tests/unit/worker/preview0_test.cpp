// Preview 0: the numbers and layouts in which it differs from preview 1.
#include "daemon/worker/wasi/preview0.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/worker/guest.hpp"

using namespace slack;
using namespace slack::worker;
using namespace slack::worker::wasi;
using test::Folder;
using test::Guest;

TEST_CASE("whence counts from the current position, the end, the start") {
  Guest guest;
  const Folder folder;
  folder.write("file", "0123456789");
  guest.preopen(folder);
  REQUIRE(guest.open("file", rights::kFile) == Errno::success);
  const U32 fd = guest.opened();
  const auto seek = [&](std::int64_t offset, U32 whence) {
    const Errno error = preview0::fd_seek(guest.state, guest.memory, fd, static_cast<U64>(offset), whence, 64);
    return error == Errno::success ? static_cast<int>(guest.get<U64>(64)) : -static_cast<int>(error);
  };
  CHECK(seek(4, 2) == 4);
  CHECK(seek(1, 0) == 5);
  CHECK(seek(-3, 1) == 7);
  CHECK(seek(0, 3) == -static_cast<int>(Errno::inval));
}

TEST_CASE("a file's attributes have 32 bits for its links and take 56 bytes") {
  Guest guest;
  const Folder folder;
  folder.write("file", "0123456789");
  guest.preopen(folder);
  guest.put(30000, "file");
  REQUIRE(guest.open("file", rights::kFile) == Errno::success);
  for (const bool by_path : {false, true}) {
    guest.put_value(1000 + 56, U32{0xabcdabcd});
    const Errno error = by_path ? preview0::path_filestat_get(guest.state, guest.memory, 3, 0, 30000, 4, 1000)
                                : preview0::fd_filestat_get(guest.state, guest.memory, guest.opened(), 1000);
    REQUIRE(error == Errno::success);
    CHECK(guest.get<FileType>(1016) == FileType::regular_file);
    CHECK(guest.get<U32>(1020) == 1);
    CHECK(guest.get<U64>(1024) == 10);
    CHECK(guest.get<U64>(1040) != 0);
    CHECK(guest.get<U32>(1056) == 0xabcdabcd);
  }
  CHECK(preview0::fd_filestat_get(guest.state, guest.memory, 99, 1000) == Errno::badf);
}

TEST_CASE("subscriptions are 56 bytes apart, a clock's with a name of its own") {
  Guest guest;
  const Folder folder;
  guest.preopen(folder);
  guest.put_value(1000, U64{7});  // userdata
  guest.put_value(1008, std::uint8_t{0});
  guest.put_value(1016, U64{99});  // identifier
  guest.put_value(1024, U32{1});   // monotonic
  guest.put_value(1032, U64{3'600'000'000'000});
  guest.put_value(1048, std::uint16_t{0});
  guest.put_value(1056, U64{8});
  guest.put_value(1064, std::uint8_t{2});  // fd_write
  guest.put_value(1072, U32{1});
  REQUIRE(preview0::poll_oneoff(guest.state, guest.memory, 1000, 5000, 2, 64) == Errno::success);
  CHECK(guest.get<U32>(64) == 1);
  CHECK(guest.get<Event>(5000).userdata == 8);
  CHECK(guest.get<Event>(5000).type == EventType::fd_write);
  guest.put_value(1048, std::uint16_t{2});
  CHECK(preview0::poll_oneoff(guest.state, guest.memory, 1000, 5000, 2, 64) == Errno::inval);
}

TEST_CASE("what did not change is preview 1's own") {
  CHECK(&preview0::fd_read == &wasi::fd_read);
  CHECK(&preview0::path_open == &wasi::path_open);
  CHECK(&preview0::fd_seek != &wasi::fd_seek);
}

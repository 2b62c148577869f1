// Descriptors and datagrams: ownership, close-on-exec, seals, truncation.
#include "daemon/base/fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "daemon/base/socket.hpp"

using namespace slack;

namespace {
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }
}  // namespace

TEST_CASE("a descriptor is closed when its owner goes") {
  int raw = -1;
  {
    auto memfd = make_memfd("test");
    REQUIRE(memfd);
    raw = memfd->get();
    CHECK((::fcntl(raw, F_GETFD) & FD_CLOEXEC) != 0);
    const Fd moved = std::move(*memfd);
    CHECK(!memfd->valid());
    CHECK(is_open(raw));
  }
  CHECK(!is_open(raw));
}

TEST_CASE("a sealed memfd cannot be written or resized") {
  auto memfd = make_sealed_memfd("test", "abc", Bytes(3));
  REQUIRE(memfd);
  CHECK(::pwrite(memfd->get(), "x", 1, 0) < 0);
  CHECK(::ftruncate(memfd->get(), 1) < 0);
  char content[4] = {};
  CHECK(::pread(memfd->get(), content, 3, 0) == 3);
  CHECK(std::string(content) == "abc");
}

TEST_CASE("a datagram carries descriptors, and they are close-on-exec") {
  auto pair = make_socket_pair();
  auto memfd = make_memfd("test");
  REQUIRE((pair && memfd));
  const int fds[] = {memfd->get()};
  const std::uint32_t message = 7;
  REQUIRE(send_datagram(pair->ours.get(), bytes_of(message), fds));
  auto received = receive_datagram(pair->theirs.get(), 64);
  REQUIRE(received);
  CHECK(received->bytes.size() == sizeof message);
  REQUIRE(received->fds.size() == 1);
  CHECK((::fcntl(received->fds[0].get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("a datagram that is too long is a fault, an absent one EAGAIN, a closed peer an empty one") {
  auto pair = make_socket_pair();
  REQUIRE(pair);
  const std::uint64_t message = 7;
  REQUIRE(send_datagram(pair->ours.get(), bytes_of(message)));
  auto truncated = receive_datagram(pair->theirs.get(), 4);
  REQUIRE(!truncated);
  CHECK(truncated.error().code == EMSGSIZE);
  auto absent = receive_datagram(pair->theirs.get(), 4, true);
  REQUIRE(!absent);
  CHECK(absent.error().code == EAGAIN);
  pair->ours.reset();
  auto closed = receive_datagram(pair->theirs.get(), 4);
  REQUIRE(closed);
  CHECK(closed->bytes.empty());
}

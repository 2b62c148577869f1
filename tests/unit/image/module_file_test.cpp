// Reading a module from a file that someone else controls.
#include "jit/module_file.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

namespace slack::jit {
namespace {

Fd file_of(const std::string& content) {
  auto fd = make_memfd("module");
  REQUIRE(fd);
  REQUIRE(::write(fd->get(), content.data(), content.size()) == static_cast<ssize_t>(content.size()));
  return std::move(*fd);
}

}  // namespace

TEST_CASE("a module is read whole, wherever its file stands") {
  const auto file = file_of("0123456789");
  REQUIRE(::lseek(file.get(), 4, SEEK_SET) == 4);
  const auto bytes = read_module(file.get(), Bytes(10));
  REQUIRE(bytes);
  CHECK(std::string(bytes->begin(), bytes->end()) == "0123456789");
}

TEST_CASE("an empty file is an empty module") {
  const auto bytes = read_module(file_of("").get(), Bytes(10));
  REQUIRE(bytes);
  CHECK(bytes->empty());
}

TEST_CASE("a module over the limit is not read") {
  const auto file = file_of("");
  REQUIRE(::ftruncate(file.get(), off_t{1} << 40) == 0);
  const auto bytes = read_module(file.get(), Bytes(1'000));
  REQUIRE_FALSE(bytes);
  CHECK(bytes.error().code == EFBIG);
  CHECK(bytes.error().what == "module is larger than the limit of 1000 bytes");
}

TEST_CASE("what is no regular file is named") {
  const Fd directory(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  CHECK(read_module(directory.get(), Bytes(10)).error().what == "module is a directory, not a regular file");
  const Fd device(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  CHECK(read_module(device.get(), Bytes(10)).error().what == "module is a character device, not a regular file");
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const Fd reading(ends[0]);
  const Fd writing(ends[1]);
  CHECK(read_module(reading.get(), Bytes(10)).error().what == "module is a pipe, not a regular file");
}

TEST_CASE("a descriptor that cannot be read is a fault of the file") {
  const Fd writing(::open("/tmp", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600));
  REQUIRE(writing.valid());
  REQUIRE(::write(writing.get(), "x", 1) == 1);
  const auto bytes = read_module(writing.get(), Bytes(10));
  REQUIRE_FALSE(bytes);
  CHECK(bytes.error().code == EBADF);
}

}  // namespace slack::jit

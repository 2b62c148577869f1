// Whole reads and writes at an offset: the end of a file, faults, and interruptions.
#include "daemon/base/file_io.hpp"

#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <string>

#include "daemon/base/fd.hpp"

using namespace slack;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace

TEST_CASE("what is written at an offset is read there, and the file's place stays") {
  const auto file = make_memfd("test");
  REQUIRE(file);
  REQUIRE(write_all_at(file->get(), bytes_of("hello"), 3, "write"));
  std::array<char, 5> text{};
  REQUIRE(read_exactly_at(file->get(), std::as_writable_bytes(std::span(text)), 3, "read"));
  CHECK(std::string_view(text.data(), text.size()) == "hello");
  CHECK(::lseek(file->get(), 0, SEEK_CUR) == 0);
}

TEST_CASE("a file that ends early gives what there is, or the fault ENODATA") {
  const auto file = make_memfd("test");
  REQUIRE(file);
  REQUIRE(write_all_at(file->get(), bytes_of("hello"), 0, "write"));
  std::array<std::byte, 8> bytes{};
  CHECK(read_at(file->get(), bytes, 1, "read").value() == 4);
  CHECK(read_at(file->get(), bytes, 9, "read").value() == 0);
  const auto read = read_exactly_at(file->get(), bytes, 0, "read it");
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().code == ENODATA);
  CHECK(read.error().what.starts_with("read it: "));
}

TEST_CASE("a failing call is a fault with its reason") {
  std::array<std::byte, 1> bytes{};
  CHECK(read_at(-1, bytes, 0, "read").error().code == EBADF);
  CHECK(write_all_at(-1, bytes, 0, "write").error().code == EBADF);
  const auto sealed = make_sealed_memfd("test", "x", Bytes(1));
  REQUIRE(sealed);
  CHECK(write_all_at(sealed->get(), bytes, 0, "write").error().code == EPERM);
}

// HOST[::GUEST][:ro] is taken apart as documented, and what cannot be opened is named.
#include "client/directory.hpp"

#include <catch2/catch.hpp>

using namespace slack::client;

TEST_CASE("a directory alone keeps its name") {
  CHECK(parse_directory(".") == DirectorySpec{".", ".", false});
  CHECK(parse_directory("/srv/data") == DirectorySpec{"/srv/data", "/srv/data", false});
  CHECK(parse_directory("/srv/data:ro") == DirectorySpec{"/srv/data", "/srv/data", true});
  CHECK(parse_directory("/srv/data:rw") == DirectorySpec{"/srv/data", "/srv/data", false});
  CHECK(parse_directory("/srv/data:ro:rw") == DirectorySpec{"/srv/data:ro", "/srv/data:ro", false});
}

TEST_CASE("a directory may have another name for the module") {
  CHECK(parse_directory("/srv/data::data") == DirectorySpec{"/srv/data", "data", false});
  CHECK(parse_directory("/srv/data::/data:ro") == DirectorySpec{"/srv/data", "/data", true});
  CHECK(parse_directory("a:b::c") == DirectorySpec{"a:b", "c", false});
  CHECK(parse_directory("a::b::c") == DirectorySpec{"a", "b::c", false});
  CHECK(parse_directory("odd:ro::odd") == DirectorySpec{"odd:ro", "odd", false});
}

TEST_CASE("half a directory is refused") {
  // In "a:::ro" the ":ro" goes first, and what is left has no guest name.
  for (const char* text : {"", "::", "a::", "::b", ":ro", ":rw", "a:::ro"}) CHECK_FALSE(parse_directory(text));
}

TEST_CASE("a directory that cannot be opened is named in the fault") {
  const auto absent = open_directory({"/nonexistent/place", "x", false});
  REQUIRE_FALSE(absent);
  CHECK(absent.error().what == "open directory /nonexistent/place: No such file or directory");
  const auto file = open_directory({"/proc/self/status", "x", false});
  REQUIRE_FALSE(file);
  CHECK(file.error().what == "open directory /proc/self/status: Not a directory");
  const auto directory = open_directory({"/", "root", true});
  REQUIRE(directory);
  CHECK(directory->fd.valid());
  CHECK(directory->guest == "root");
  CHECK(directory->read_only);
}

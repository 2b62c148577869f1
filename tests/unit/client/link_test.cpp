// NAME=FILE of --link.
#include "client/link.hpp"

#include <catch2/catch.hpp>

using namespace slack::client;

TEST_CASE("a link is split at its first equals sign") {
  CHECK(parse_link("math=lib/math.wasm") == LinkSpec{"math", "lib/math.wasm"});
  CHECK(parse_link("math=a=b.wasm") == LinkSpec{"math", "a=b.wasm"});
}

TEST_CASE("a link without a name or a file says how to write it") {
  for (const char* text : {"", "math", "=math.wasm", "math="}) {
    const auto spec = parse_link(text);
    REQUIRE_FALSE(spec);
    CHECK(spec.error().what == "'" + std::string(text) + "' is no linked module: write NAME=FILE.wasm");
  }
}

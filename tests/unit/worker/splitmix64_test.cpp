// The deterministic stream of random numbers.
#include "daemon/worker/splitmix64.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <vector>

using slack::worker::SplitMix64;

TEST_CASE("splitmix64 from state 0 gives the published first outputs, little-endian") {
  // The first three outputs of Vigna's splitmix64.c for seed 0.
  std::array<std::uint64_t, 3> words{};
  SplitMix64().fill(std::as_writable_bytes(std::span(words)));
  CHECK(words[0] == 0xe220a8397b1dcdaf);
  CHECK(words[1] == 0x6e789e6aa1b965f4);
  CHECK(words[2] == 0x06c45d188009454f);
}

TEST_CASE("the stream goes on from call to call, in the middle of a word too") {
  std::vector<std::byte> whole(100);
  SplitMix64().fill(whole);
  std::vector<std::byte> pieces(100);
  SplitMix64 stream;
  std::size_t at = 0;
  for (const std::size_t part : {1u, 2u, 0u, 5u, 8u, 13u, 71u}) {
    stream.fill(std::span(pieces).subspan(at, part));
    at += part;
  }
  REQUIRE(at == pieces.size());
  CHECK(pieces == whole);
}

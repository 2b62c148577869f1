// Threads that share independent pieces of work.
#include <catch2/catch.hpp>

#include <array>
#include <atomic>
#include <numeric>
#include <vector>

#include "jit/llvm/crew.hpp"

using namespace slack::jit;

TEST_CASE("a crew of any size does each piece once, and can be given work again") {
  std::vector<std::size_t> pieces(1000);
  std::iota(pieces.begin(), pieces.end(), std::size_t{0});
  for (const unsigned threads : {1u, 2u, 8u}) {
    Crew crew(threads);
    std::vector<std::atomic<int>> done(pieces.size());
    for (int round = 1; round <= 3; ++round) {
      crew.work(pieces, [&](std::size_t i) { ++done[i]; });
      for (const auto& each : done) REQUIRE(each == round);
    }
    crew.work({}, [](std::size_t) { FAIL("there was nothing to do"); });
  }
}

TEST_CASE("a crew of one works in the caller's thread and in order") {
  Crew crew(1);
  std::vector<std::size_t> seen;
  crew.work(std::array<std::size_t, 3>{5, 3, 4}, [&](std::size_t i) { seen.push_back(i); });
  CHECK(seen == std::vector<std::size_t>{5, 3, 4});
}

TEST_CASE("a crew that was never given work ends") { Crew crew(4); }

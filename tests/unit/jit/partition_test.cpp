// How a module is divided.
#include <catch2/catch.hpp>

#include <algorithm>

#include "jit/llvm/partition.hpp"
#include "jit/wasm/decode.hpp"
#include "tests/unit/jit/module_maker.hpp"

using namespace slack;
using namespace slack::jit;

namespace {

Partitioning divided(const test::Bytes& bytes, std::size_t partition_bytes) {
  const auto module = wasm::decode(bytes);
  REQUIRE(module.has_value());
  return partition(*module, partition_bytes);
}

}  // namespace

TEST_CASE("a small module is one partition, in which nothing is shared") {
  const auto made = divided(test::chain_module(20, 10), 64 << 10);
  CHECK(made.is_single());
  CHECK(std::count(made.shared.begin(), made.shared.end(), true) == 0);
}

TEST_CASE("a module without functions is one empty partition") {
  const auto made = divided({0x00, 'a', 's', 'm', 0x01, 0x00, 0x00, 0x00}, 1);
  REQUIRE(made.is_single());
  CHECK(made.partitions.front().first == made.partitions.front().end);
}

TEST_CASE("every function is in one partition, neighbours side by side, and the partitions are of about one size") {
  constexpr std::uint32_t kFunctions = 1000;
  const auto made = divided(test::chain_module(kFunctions, 40), 8 << 10);
  REQUIRE(made.partitions.size() > 5);
  std::uint32_t next = 0;
  for (const auto& each : made.partitions) {
    CHECK(each.first == next);
    CHECK(each.end > each.first);
    CHECK(each.bytes > 7 << 10);
    CHECK(each.bytes < 10 << 10);
    next = each.end;
  }
  CHECK(next == kFunctions);
}

TEST_CASE("what is called from elsewhere is shared, and only small functions are copied there") {
  const auto bytes = test::chain_module(200, 40);
  const auto module = wasm::decode(bytes);
  REQUIRE(module.has_value());
  const auto made = partition(*module, 1);
  REQUIRE(made.partitions.size() == 200);
  std::size_t copies = 0;
  for (const auto& each : made.partitions) {
    for (const auto copy : each.copies) {
      CHECK_FALSE(each.contains(copy));
      CHECK(made.shared[copy]);
      CHECK(module->functions[copy].body.size() <= 96);
      ++copies;
    }
  }
  CHECK(copies > 0);
  CHECK(made.shared[1 + (200 - 2) / 2]);  // called by function 0
}

TEST_CASE("threads take the largest partition first") {
  const auto made = divided(test::chain_module(50, 40), 1);
  const auto order = made.by_size();
  REQUIRE(order.size() == made.partitions.size());
  CHECK(std::is_sorted(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return made.partitions[a].bytes > made.partitions[b].bytes;
  }));
}

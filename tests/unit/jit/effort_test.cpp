// How much is spent on a function.
#include "jit/llvm/effort.hpp"

#include <catch2/catch.hpp>

#include "jit/llvm/partition.hpp"
#include "jit/wasm/decode.hpp"
#include "tests/unit/jit/module_maker.hpp"

using namespace slack;
using namespace slack::jit;

namespace {

Bulk usual() { return {100'000, 10'000, 100'000, 100, 100}; }

// `count` functions of one i32 parameter, each of `operators` times local.get 0, i32.eqz, drop.
test::Bytes module_of(std::uint32_t count, std::uint32_t operators) {
  test::Bytes module = {0x00, 'a', 's', 'm', 0x01, 0x00, 0x00, 0x00};
  test::append_section(module, 1, {0x01, 0x60, 0x01, 0x7f, 0x00});
  test::Bytes types;
  test::append_leb(types, count);
  types.resize(types.size() + count, 0x00);
  test::append_section(module, 3, types);
  test::Bytes code;
  test::append_leb(code, count);
  for (std::uint32_t i = 0; i < count; ++i) {
    test::Bytes body = {0x00};
    for (std::uint32_t n = 0; n < operators; ++n) body.insert(body.end(), {0x20, 0x00, 0x45, 0x1a});
    body.push_back(0x0b);
    test::append_leb(code, static_cast<std::uint32_t>(body.size()));
    code.insert(code.end(), body.begin(), body.end());
  }
  test::append_section(module, 10, code);
  return module;
}

}  // namespace

TEST_CASE("what compilers emit gets full effort") { CHECK(effort_for(usual()) == Effort::full); }

TEST_CASE("each measure alone makes a function too much") {
  for (const auto member : {&Bulk::whole, &Bulk::stretch, &Bulk::values, &Bulk::live}) {
    auto bulk = usual();
    bulk.*member = 100'000'000;
    CHECK(effort_for(bulk) == Effort::quick);
  }
  auto bulk = usual();
  bulk.loops = 501;
  CHECK(effort_for(bulk) == Effort::quick);
}

TEST_CASE("a stretch ends where control splits, and locals count where it meets") {
  // block local.get 0 i32.eqz br_if 0 local.get 0 i32.eqz drop end
  auto module = module_of(1, 1);
  const auto decoded = wasm::decode(module);
  REQUIRE(decoded.has_value());
  const Bulk straight = bulk_of(*decoded, decoded->functions[0]);
  CHECK(straight.whole == 2);  // i32.eqz, end
  CHECK(straight.stretch == 2);
  CHECK(straight.values == 1);
  const std::vector<std::uint8_t> code = {0x02, 0x40, 0x20, 0x00, 0x45, 0x0d, 0x00, 0x20, 0x00, 0x45, 0x1a, 0x0b, 0x0b};
  auto function = decoded->functions[0];
  function.body = code;
  const Bulk branching = bulk_of(*decoded, function);
  CHECK(branching.whole == 7);
  CHECK(branching.stretch == 4);
  CHECK(branching.values == 2);
}

TEST_CASE("a function beyond measure is in a partition of its own effort") {
  const auto module = module_of(3, 60'000);
  const auto decoded = wasm::decode(module);
  REQUIRE(decoded.has_value());
  for (const auto& each : partition(*decoded, 1 << 30).partitions) CHECK(each.effort == Effort::quick);
  const auto small_module = module_of(3, 100);
  const auto small = wasm::decode(small_module);
  REQUIRE(small.has_value());
  CHECK(partition(*small, 1 << 30).partitions.front().effort == Effort::full);
  CHECK(partition(*small, 1 << 30, true).partitions.front().effort == Effort::quick);
}

TEST_CASE("of a module that is too much as a whole no more than the limit gets full effort") {
  const auto module = module_of(60, 40'000);
  const auto decoded = wasm::decode(module);
  REQUIRE(decoded.has_value());
  std::uint64_t full = 0;
  for (const auto& each : partition(*decoded, 64 << 10).partitions) {
    for (auto i = each.first; i < each.end && each.effort == Effort::full; ++i) {
      full += bulk_of(*decoded, decoded->functions[i]).whole;
    }
  }
  CHECK(full <= kFullEffortBulk);
  CHECK(full > kFullEffortBulk / 2);
}

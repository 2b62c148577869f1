// Compilation by several threads.
#include <catch2/catch.hpp>

#include "jit/llvm/compiler.hpp"
#include "tests/unit/jit/module_maker.hpp"

using namespace slack::jit;

namespace {

std::vector<char> image_of(const test::Bytes& module, std::uint32_t partition_bytes, Crew* crew) {
  CompileOptions options;
  options.partition_bytes = partition_bytes;
  auto image = compile(module, options, kNoScratch, crew);
  REQUIRE(image.has_value());
  return std::move(*image);
}

}  // namespace

TEST_CASE("an image is the same to the byte whatever the number of threads") {
  const auto module = test::chain_module(300, 60);
  for (const std::uint32_t partition_bytes : {1u << 10, 4u << 10, 64u << 10}) {
    const auto alone = image_of(module, partition_bytes, nullptr);
    for (const unsigned threads : {2u, 5u}) {
      Crew crew(threads);
      CHECK(image_of(module, partition_bytes, &crew) == alone);
      CHECK(image_of(module, partition_bytes, &crew) == alone);
    }
  }
}

TEST_CASE("a refusal is the same whatever the number of threads") {
  auto module = test::chain_module(50, 10);
  module.back() = 0xff;  // in the place of the last function's end
  Crew crew(4);
  for (Crew* each : {static_cast<Crew*>(nullptr), &crew}) {
    const auto refused = compile(module, CompileOptions{}, kNoScratch, each);
    REQUIRE_FALSE(refused.has_value());
    CHECK(std::holds_alternative<slack::wasm::Refusal>(refused.error()));
  }
}

TEST_CASE("calls that double from function to function are not inlined without end, in any mode") {
  for (const auto metering : {slack::Metering::none, slack::Metering::counted, slack::Metering::slacked,
                              slack::Metering::checked, slack::Metering::epoch}) {
    CompileOptions options;
    options.metering = metering;
    options.stage = Stage::optimised_ir;
    const auto compiled = compile(test::doubling_module(60), options, kNoScratch, nullptr);
    REQUIRE(compiled.has_value());
    CHECK(compiled->size() < 1'000'000);
  }
}

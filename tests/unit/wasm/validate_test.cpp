// Validation: typing, nesting, references, and where refusals point.
#include <catch2/catch.hpp>
#include <random>

#include "jit/wasm/decode.hpp"
#include "tests/unit/wasm/module_bytes.hpp"

using namespace slack;
using namespace slack::wasm;
using namespace slack::wasm::test;

namespace {

Checked<void> check(const Buffer& bytes) {
  auto module = decode(bytes);
  if (!module) return tl::unexpected<Refusal>(module.error());
  return validate(*module);
}
std::string reason(const Buffer& bytes) {
  const auto checked = check(bytes);
  return checked ? "accepted" : checked.error().reason;
}
const Buffer kMemory = section(5, {0x01, 0x00, 0x01});

}  // namespace

TEST_CASE("a refusal points at the operator that is wrong") {
  const Buffer bytes = module_with({0x01, 0x01, 0x20, 0x05, 0x1a, 0x0b});
  const auto checked = check(bytes);
  REQUIRE_FALSE(checked);
  CHECK(checked.error().kind == Refusal::Kind::invalid);
  CHECK(checked.error().reason == "unknown local 5");
  CHECK(checked.error().offset == WasmOffset(bytes.size() - 4));
}

TEST_CASE("type mismatches tell what was expected and what was found") {
  CHECK(reason(module_with({0x41, 0x00, 0x42, 0x00, 0x6a, 0x1a, 0x0b})) ==
        "type mismatch: i32.add expects i32, found i64");
  CHECK(reason(module_with({0x41, 0x00, 0x6a, 0x1a, 0x0b})) ==
        "type mismatch: i32.add expects i32, the stack is empty");
  CHECK(reason(module_with({0x41, 0x00, 0x0b})) == "type mismatch: end finds 1 values too many on the stack");
  CHECK(reason(module_with({0x1a, 0x0b})) == "type mismatch: drop expects an operand, the stack is empty");
}

TEST_CASE("code that is never reached takes its operands from anywhere") {
  CHECK(reason(module_with({0x00, 0x6a, 0x1a, 0x0b})) == "accepted");              // unreachable i32.add drop
  CHECK(reason(module_with({0x00, 0x42, 0x00, 0x6a, 0x1a, 0x0b})) != "accepted");  // but not of a wrong type
  CHECK(reason(module_with({0x00, 0x1b, 0x6a, 0x1a, 0x0b})) == "accepted");        // select of any types
  CHECK(reason(module_with({0x02, 0x7f, 0x0c, 0x00, 0x0b, 0x1a, 0x0b})) != "accepted");
  CHECK(reason(module_with({0x02, 0x40, 0x0c, 0x00, 0x7c, 0x1a, 0x0b, 0x0b})) == "accepted");
}

TEST_CASE("long lists of operands are compared one by one, any types in between") {
  const Buffer returns_20 = Buffer{0x60, 0x00} + list(20, {0x7f});
  const Buffer any = {0x1b};  // select, in unreachable code
  for (std::size_t wrong = 0; wrong < 20; ++wrong) {
    Buffer good = Buffer{0x00} + any;
    Buffer bad = good;
    for (std::size_t i = 1; i < 20; ++i) {
      good += Buffer{0x41, 0x00};
      bad += i == wrong ? Buffer{0x42, 0x00} : Buffer{0x41, 0x00};
    }
    CHECK(reason(module_with(good + Buffer{0x0f, 0x0b}, {}, returns_20)) == "accepted");
    if (wrong > 0) {
      CHECK(reason(module_with(bad + Buffer{0x0f, 0x0b}, {}, returns_20)) ==
            "type mismatch: return expects i32, found i64");
    }
  }
}

TEST_CASE("an if without else must not change the stack") {
  CHECK(reason(module_with({0x41, 0x00, 0x04, 0x40, 0x0b, 0x0b})) == "accepted");
  CHECK(reason(module_with({0x41, 0x00, 0x04, 0x7f, 0x41, 0x00, 0x0b, 0x1a, 0x0b})).starts_with("type mismatch"));
  CHECK(reason(module_with({0x02, 0x40, 0x05, 0x0b, 0x0b})) == "END opcode expected");
}

TEST_CASE("branch tables: arity and types of every target") {
  // block (result i32) block: a target with a result beside one without
  CHECK(reason(module_with({0x02, 0x7f, 0x02, 0x40, 0x41, 0x00, 0x41, 0x00, 0x0e, 0x01, 0x00, 0x01, 0x0b, 0x00, 0x0b,
                            0x1a, 0x0b}))
            .starts_with("type mismatch: br_table has targets of"));
  CHECK(reason(module_with({0x41, 0x00, 0x0e, 0x00, 0x01, 0x0b})) == "unknown label 1");
}

TEST_CASE("memory operators want a memory, a natural alignment and a lane that exists") {
  CHECK(reason(module_with({0x41, 0x00, 0x28, 0x02, 0x00, 0x1a, 0x0b})) == "unknown memory 0");
  CHECK(reason(module_with({0x41, 0x00, 0x28, 0x03, 0x00, 0x1a, 0x0b}, kMemory)) ==
        "alignment must not be larger than natural");
  CHECK(reason(module_with({0x41, 0x00, 0x28, 0x02, 0x00, 0x1a, 0x0b}, kMemory)) == "accepted");
  const Buffer vector = {0xfd, 0x0c, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  CHECK(reason(module_with(vector + Buffer{0xfd, 0x15, 0x10, 0x1a, 0x0b})) == "invalid lane index 16");
  CHECK(reason(module_with(vector + Buffer{0xfd, 0x15, 0x0f, 0x1a, 0x0b})) == "accepted");
}

TEST_CASE("a function's reference may be taken only where the module says so outside bodies") {
  const Buffer code = {0xd2, 0x00, 0x1a, 0x0b};
  CHECK(reason(module_with(code)) == "undeclared function reference 0");
  CHECK(reason(module_with(code, section(7, Buffer{0x01} + text("f") + Buffer{0x00, 0x00}))) == "accepted");
  CHECK(reason(module_with(code, section(9, {0x01, 0x03, 0x00, 0x01, 0x00}))) == "accepted");  // declarative segment
  CHECK(reason(module_with(code, section(6, {0x01, 0x70, 0x00, 0xd2, 0x00, 0x0b}))) == "accepted");
}

TEST_CASE("referenced is set for what segments, exports and globals name, and for nothing else") {
  const Buffer bytes = header() + section(1, {0x01, 0x60, 0x00, 0x00}) + section(3, list(4, {0x00})) +
                       section(4, {0x01, 0x70, 0x00, 0x01}) + section(6, {0x01, 0x70, 0x00, 0xd2, 0x00, 0x0b}) +
                       section(7, Buffer{0x01} + text("f") + Buffer{0x00, 0x01}) + section(8, {0x03}) +
                       section(9, {0x01, 0x00, 0x41, 0x00, 0x0b, 0x01, 0x02}) + section(10, list(4, body({0x0b})));
  auto module = decode(bytes);
  REQUIRE(module);
  REQUIRE(validate(*module));
  CHECK(module->functions[0].referenced);
  CHECK(module->functions[1].referenced);
  CHECK(module->functions[2].referenced);
  CHECK_FALSE(module->functions[3].referenced);  // the start function
}

TEST_CASE("a body must end where its size says") {
  CHECK(reason(module_with({0x0b, 0x0b})) == "section size mismatch: operators after the end of the function");
  CHECK(reason(module_with({0x02, 0x40, 0x0b})) == "unexpected end of section or function");
  CHECK(reason(module_with({0x41})) == "unexpected end of section or function");
}

TEST_CASE("a million nested blocks are no deeper than one") {
  for (const std::uint8_t opener : {0x02, 0x03}) {
    constexpr std::uint64_t kDepth = 1'000'000;
    CHECK(reason(module_with(repeat(kDepth, {opener, 0x40}) + repeat(kDepth + 1, {0x0b}))) == "accepted");
    CHECK(reason(module_with(repeat(kDepth, {opener, 0x40}) + Buffer{0x0b})) ==
          "unexpected end of section or function");
  }
  // Nor in a constant expression.
  const Buffer nested = Buffer{0x01, 0x7f, 0x00} + repeat(100'000, {0x02, 0x40}) + repeat(100'001, {0x0b});
  CHECK(reason(header() + section(6, nested)) == "constant expression required");
}

TEST_CASE("calls that return much cannot grow the operand stack without bound") {
  const Buffer type = Buffer{0x60, 0x00} + list(1'000, {0x7f});
  const Buffer bytes =
      header() + section(1, Buffer{0x02} + type + Buffer{0x60, 0x00, 0x00}) + section(3, {0x02, 0x00, 0x01}) +
      section(10, Buffer{0x02} + body({0x00, 0x0b}) + body(repeat(100'000, {0x10, 0x00}) + Buffer{0x00, 0x0b}));
  CHECK(reason(bytes) == "1001000 operands on a function's stack, over the limit of 1000000 (limit operands)");
}

TEST_CASE("memory.init asks for a data count section") {
  const Buffer code = {0x41, 0x00, 0x41, 0x00, 0x41, 0x00, 0xfc, 0x08, 0x00, 0x00, 0x0b};
  const auto checked = check(module_with(code, kMemory));
  REQUIRE_FALSE(checked);
  CHECK(checked.error().kind == Refusal::Kind::malformed);
  CHECK(checked.error().reason == "data count section required");
}

TEST_CASE("random bytes in place of a module's are refused or accepted, and never more") {
  const Buffer sample = header() + section(1, {0x02, 0x60, 0x01, 0x7f, 0x01, 0x7f, 0x60, 0x00, 0x00}) +
                        section(3, {0x02, 0x00, 0x01}) + section(4, {0x01, 0x70, 0x00, 0x02}) + kMemory +
                        section(6, {0x01, 0x7f, 0x01, 0x41, 0x07, 0x0b}) +
                        section(7, Buffer{0x01} + text("f") + Buffer{0x00, 0x00}) +
                        section(9, {0x01, 0x00, 0x41, 0x00, 0x0b, 0x01, 0x01}) + section(12, {0x01}) +
                        section(10, Buffer{0x02} +
                                        body({0x20, 0x00, 0x04, 0x7f, 0x41, 0x01, 0x05, 0x20, 0x00, 0x41, 0x01, 0x6b,
                                              0x10, 0x00, 0x0b, 0x0b}) +
                                        body({0x03, 0x40, 0x41, 0x00, 0x0d, 0x00, 0x0b, 0x0b})) +
                        section(11, {0x01, 0x00, 0x41, 0x00, 0x0b, 0x02, 0x61, 0x62});
  REQUIRE(reason(sample) == "accepted");
  std::mt19937 random(1);
  for (int round = 0; round < 50'000; ++round) {
    Buffer bytes = sample;
    for (unsigned edits = 1 + random() % 3; edits > 0; --edits) {
      bytes[8 + random() % (bytes.size() - 8)] = static_cast<std::uint8_t>(random());
    }
    if (const auto checked = check(bytes); !checked) {
      CHECK_FALSE(checked.error().reason.empty());
      CHECK(checked.error().offset <= WasmOffset(bytes.size()));
    }
  }
}

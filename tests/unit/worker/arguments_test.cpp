// Typed arguments and results of invoked functions.
#include "daemon/worker/arguments.hpp"

#include <array>
#include <bit>
#include <catch2/catch.hpp>
#include <vector>

using namespace slack::worker;
using slack::image::ValueType;
using slack::services::Value;

namespace {

std::uint64_t parsed(ValueType type, std::string_view text) {
  const auto value = parse_value(type, text);
  INFO(text);
  REQUIRE(value.has_value());
  return value->low;
}

std::string shown(ValueType type, std::uint64_t low) {
  std::array<char, kMaxValueText> out;
  return std::string(format_value(type, Value{low, 0}, out));
}

}  // namespace

TEST_CASE("integers are read signed, unsigned and hexadecimal, within their width") {
  CHECK(parsed(ValueType::i32, "0") == 0);
  CHECK(parsed(ValueType::i32, "-1") == 0xffffffff);
  CHECK(parsed(ValueType::i32, "4294967295") == 0xffffffff);
  CHECK(parsed(ValueType::i32, "-2147483648") == 0x80000000);
  CHECK(parsed(ValueType::i32, "0xdeadBEEF") == 0xdeadbeef);
  CHECK(parsed(ValueType::i32, "-0x1") == 0xffffffff);
  CHECK(parsed(ValueType::i64, "-9223372036854775808") == 0x8000000000000000);
  CHECK(parsed(ValueType::i64, "18446744073709551615") == 0xffffffffffffffff);
  for (const char* text : {"", "-", "0x", "1.5", "12a", " 1", "1 ", "--1", "+-1", "0x-1", "ten"})
    CHECK_FALSE(parse_value(ValueType::i32, text).has_value());
  CHECK(parse_value(ValueType::i32, "4294967296").error() == "\"4294967296\" does not fit into 32 bits");
  CHECK_FALSE(parse_value(ValueType::i32, "-2147483649").has_value());
  CHECK_FALSE(parse_value(ValueType::i64, "18446744073709551616").has_value());
}

TEST_CASE("floats are read decimal, hexadecimal, infinite and as the canonical nan") {
  CHECK(parsed(ValueType::f64, "1.5") == std::bit_cast<std::uint64_t>(1.5));
  CHECK(parsed(ValueType::f64, "-0") == 0x8000000000000000);
  CHECK(parsed(ValueType::f64, "0x1.8p3") == std::bit_cast<std::uint64_t>(12.0));
  CHECK(parsed(ValueType::f64, "inf") == 0x7ff0000000000000);
  CHECK(parsed(ValueType::f64, "-inf") == 0xfff0000000000000);
  CHECK(parsed(ValueType::f64, "nan") == 0x7ff8000000000000);
  CHECK(parsed(ValueType::f32, "nan") == 0x7fc00000);
  CHECK(parsed(ValueType::f32, "-nan") == 0xffc00000);
  CHECK(parsed(ValueType::f32, "0.1") == std::bit_cast<std::uint32_t>(0.1f));
  for (const char* text : {"", "-", "--1", "1e", "1.5x", "nan(123)", "0x", "1e999"})
    CHECK_FALSE(parse_value(ValueType::f64, text).has_value());
}

TEST_CASE("a reference can only be null") {
  CHECK(parsed(ValueType::externref, "null") == 0);
  CHECK_FALSE(parse_value(ValueType::funcref, "1").has_value());
}

TEST_CASE("a vector is given as it is shown, in hexadecimal") {
  const auto vector = [](const char* text) { return parse_value(ValueType::v128, text).value(); };
  CHECK(vector("0x00112233445566778899aabbccddeeff").high == 0x0011223344556677);
  CHECK(vector("0x00112233445566778899aabbccddeeff").low == 0x8899aabbccddeeff);
  CHECK(vector("0x1ffffffffffffffff").high == 1);
  CHECK(vector("0xFF").low == 0xff);
  CHECK(vector("0xFF").high == 0);
  for (const char* text : {"", "1", "0x", "0x-1", "0xg", "0x000000000000000000000000000000000", "0x1-000000000000000",
                           "0x+0000000000000000"})
    CHECK_FALSE(parse_value(ValueType::v128, text).has_value());
}

TEST_CASE("a refusal names the parameter, its type and the function") {
  const std::array types{ValueType::i32, ValueType::f64};
  std::array<Value, 2> values{};
  const std::vector<std::string> good{"1", "2.5"};
  CHECK(parse_arguments("scale", types, good, values).has_value());
  const std::vector<std::string> bad{"1", "two"};
  CHECK(parse_arguments("scale", types, bad, values).error() == "parameter 2 of scale (f64): \"two\" is not a number");
  const std::vector<std::string> few{"1"};
  CHECK(parse_arguments("scale", types, few, values).error() == "scale takes 2 arguments (i32, f64), 1 given");
}

TEST_CASE("results are shown signed, and floats by the shortest text that reads back") {
  CHECK(shown(ValueType::i32, 0xffffffff) == "-1");
  CHECK(shown(ValueType::i64, 0x8000000000000000) == "-9223372036854775808");
  CHECK(shown(ValueType::f32, std::bit_cast<std::uint32_t>(0.1f)) == "0.1");
  CHECK(shown(ValueType::f64, std::bit_cast<std::uint64_t>(0.1 + 0.2)) == "0.30000000000000004");
  CHECK(shown(ValueType::f64, std::bit_cast<std::uint64_t>(-1.7976931348623157e308)) == "-1.7976931348623157e+308");
  CHECK(shown(ValueType::f64, 0x7ff8000000000000) == "nan");
  CHECK(shown(ValueType::f64, 0xfff0000000000000) == "-inf");
  CHECK(shown(ValueType::externref, 0) == "null");
  CHECK(shown(ValueType::v128, 1) == "0x00000000000000000000000000000001");
}

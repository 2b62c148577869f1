// LEB128, names and lengths at their edges.
#include <catch2/catch.hpp>

#include "jit/wasm/byte_reader.hpp"
#include "tests/unit/wasm/module_bytes.hpp"

using namespace slack;
using namespace slack::wasm;
using namespace slack::wasm::test;

namespace {

struct Read {
  bool ok;
  std::int64_t value;
  std::string reason;
  std::uint64_t offset;  // of the refusal, or of the byte after the value
};

template <typename Value>
Read read(const Buffer& bytes, bool (ByteReader::*method)(Value&)) {
  ByteReader reader(bytes, WasmOffset(100));
  Value value{};
  const bool ok = (reader.*method)(value);
  return {ok, static_cast<std::int64_t>(value), ok ? "" : reader.refusal().reason,
          ok ? reader.offset().count() : reader.refusal().offset.count()};
}

}  // namespace

TEST_CASE("unsigned integers: shortest, padded, largest") {
  CHECK(read({0x00}, &ByteReader::u32).value == 0);
  CHECK(read({0x7f}, &ByteReader::u32).value == 127);
  CHECK(read({0x80, 0x01}, &ByteReader::u32).value == 128);
  CHECK(read({0x83, 0x80, 0x80, 0x80, 0x00}, &ByteReader::u32).value == 3);
  const Read largest = read({0xff, 0xff, 0xff, 0xff, 0x0f}, &ByteReader::u32);
  CHECK(largest.ok);
  CHECK(largest.value == 0xffffffffLL);
  CHECK(largest.offset == 105);
}

TEST_CASE("unsigned integers: too long, too large, cut off, each where it happens") {
  const Read too_long = read({0x83, 0x80, 0x80, 0x80, 0x80, 0x00}, &ByteReader::u32);
  CHECK_FALSE(too_long.ok);
  CHECK(too_long.reason == "integer representation too long");
  CHECK(too_long.offset == 105);
  const Read too_large = read({0xff, 0xff, 0xff, 0xff, 0x1f}, &ByteReader::u32);
  CHECK(too_large.reason == "integer too large");
  CHECK(too_large.offset == 104);
  const Read cut_off = read({0xff, 0xff}, &ByteReader::u32);
  CHECK(cut_off.reason == "unexpected end of section or function");
  CHECK(cut_off.offset == 102);
  CHECK(read({0x02}, &ByteReader::u1).reason == "integer too large");
  CHECK(read({0x81, 0x00}, &ByteReader::u1).reason == "integer representation too long");
}

TEST_CASE("signed integers: signs, extremes, surplus bits") {
  CHECK(read({0x7f}, &ByteReader::s32).value == -1);
  CHECK(read({0x40}, &ByteReader::s32).value == -64);
  CHECK(read({0xff, 0x00}, &ByteReader::s32).value == 127);
  CHECK(read({0xff, 0xff, 0xff, 0xff, 0x07}, &ByteReader::s32).value == 2147483647);
  CHECK(read({0x80, 0x80, 0x80, 0x80, 0x78}, &ByteReader::s32).value == -2147483648LL);
  CHECK(read({0xff, 0xff, 0xff, 0xff, 0x0f}, &ByteReader::s32).reason == "integer too large");
  CHECK(read({0x80, 0x80, 0x80, 0x80, 0x70}, &ByteReader::s32).reason == "integer too large");
  CHECK(read({0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, &ByteReader::s32).reason == "integer representation too long");
  CHECK(read({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f}, &ByteReader::s64).value == INT64_MIN);
  CHECK(read({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00}, &ByteReader::s64).value == INT64_MAX);
  CHECK(read({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, &ByteReader::s64).reason ==
        "integer too large");
  CHECK(read({0xff, 0xff, 0xff, 0xff, 0x0f}, &ByteReader::s33).value == 0xffffffffLL);
}

TEST_CASE("a length or a count larger than the input is refused before anything is allocated for it") {
  CHECK(read({0x02, 0x00}, &ByteReader::length).reason == "length out of bounds");
  CHECK(read({0xff, 0xff, 0xff, 0xff, 0x0f}, &ByteReader::count).reason == "unexpected end of section or function");
  CHECK(read({0x01, 0x00}, &ByteReader::length).ok);
  CHECK(read({0x01, 0x00}, &ByteReader::count).ok);
}

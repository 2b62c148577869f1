// Bounds of guest memory, and how bulk work is cut into chunks.
#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <numeric>
#include <vector>

#include "daemon/worker/bulk.hpp"
#include "daemon/worker/guest_memory.hpp"
#include "daemon/worker/measure.hpp"

using namespace slack::worker;

TEST_CASE("no range of guest memory wraps around or ends outside") {
  std::vector<std::byte> bytes(100);
  const GuestMemory memory{bytes};
  CHECK(memory.range(0, 100) == bytes.data());
  CHECK(memory.range(100, 0) == bytes.data() + 100);
  CHECK(memory.range(101, 0) == nullptr);
  CHECK(memory.range(1, 100) == nullptr);
  CHECK(memory.range(0xffffffff, 2) == nullptr);
  CHECK(memory.range(50, 0xffffffffffffffff) == nullptr);
  CHECK(memory.store<std::uint32_t>(96, 7));
  CHECK_FALSE(memory.store<std::uint32_t>(97, 7));
  CHECK_FALSE(memory.store<std::uint32_t>(0xfffffffffffffffe, 7));
  CHECK(memory.load<std::uint32_t>(96) == 7u);
  CHECK_FALSE(memory.load<std::uint64_t>(93).has_value());
}

TEST_CASE("a range is in bounds without its sum wrapping") {
  CHECK(in_bounds(0, 0, 0));
  CHECK(in_bounds(10, 0, 10));
  CHECK_FALSE(in_bounds(11, 0, 10));
  CHECK(in_bounds(0xffff0000, 0x10000, 0x1'0000'0000));
  CHECK_FALSE(in_bounds(0xffffffff, 0xffffffff, 0x1'0000'0000));
}

TEST_CASE("an overlapping copy in chunks moves what one memmove moves, with a pause between chunks only") {
  for (const bool upwards : {true, false}) {
    for (const std::uint32_t length : {0u, 1u, 7u, 8u, 9u, 64u, 61u}) {
      std::array<unsigned char, 128> expected{};
      std::iota(expected.begin(), expected.end(), 1);
      auto moved = expected;
      const std::size_t from = upwards ? 5 : 0;
      const std::size_t to = upwards ? 0 : 5;
      std::memmove(expected.data() + to, expected.data() + from, length);
      std::uint32_t pauses = 0;
      in_chunks(
          length, 8, to > from,
          [&](std::uint32_t at, std::uint32_t part) {
            CHECK(part <= 8);
            std::memmove(moved.data() + to + at, moved.data() + from + at, part);
          },
          [&] { ++pauses; });
      CHECK(moved == expected);
      CHECK(pauses == (length == 0 ? 0 : (length - 1) / 8));
    }
  }
}

TEST_CASE("a measurement is what lies between start and end, and regions add up") {
  using slack::Fuel;
  using slack::Nanos;
  Measurement measurement;
  measurement.end(Nanos(5), Fuel(5));
  CHECK_FALSE(measurement.complete());
  measurement.start(Nanos(10), Fuel(100));
  CHECK_FALSE(measurement.complete());
  measurement.end(Nanos(25), Fuel(107));
  measurement.start(Nanos(30), Fuel(110));
  measurement.end(Nanos(31), Fuel(112));
  CHECK(measurement.complete());
  CHECK(measurement.time() == Nanos(16));
  CHECK(measurement.fuel() == Fuel(9));
}

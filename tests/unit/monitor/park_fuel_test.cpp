// Exact fuel from registers: generated code by the table, host code by rax.
#include "daemon/monitor/park_fuel.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/monitor/fake_worker.hpp"

using namespace slack;
using slack::monitor::fuel_at_park;

namespace {

constexpr std::uint64_t kText = 0x1000'1000;

bpf::Registers registers_at(std::uint64_t ip) {
  bpf::Registers registers;
  registers.ip = ip;
  for (std::size_t i = 0; i < registers.general.size(); ++i) registers.general[i] = 1000 + i;
  return registers;
}

}  // namespace

TEST_CASE("in generated code the table names the register, and the potential is added") {
  test::FakeImage image;
  image.text = image::Segment{kText, 0x1000, 0, 0, false, true};
  for (std::uint32_t reg = 0; reg < 16; ++reg) {
    image.safepoints = {image::SafepointEntry{kText + 8, 0, 0, 5, 0, reg, 0}};
    CHECK(fuel_at_park(registers_at(kText + 8), &image) == Fuel(1000 + reg + 5));
  }
  image.safepoints = {image::SafepointEntry{kText + 8, 0, 0, 5, 40, image::kImmediate, 0}};
  CHECK(fuel_at_park(registers_at(kText + 8), &image) == Fuel(45));
}

TEST_CASE("a pc in the image that is no safepoint, or one of a broken table, tells nothing") {
  test::FakeImage image;
  image.text = image::Segment{kText, 0x1000, 0, 0, false, true};
  CHECK_FALSE(fuel_at_park(registers_at(kText + 16), &image));
  image.safepoints = {image::SafepointEntry{kText + 8, 0, 0, 5, 0, 17, 0}};
  CHECK_FALSE(fuel_at_park(registers_at(kText + 8), &image));
}

TEST_CASE("outside the image the host's safepoint stores rax") {
  test::FakeImage image;
  image.text = image::Segment{kText, 0x1000, 0, 0, false, true};
  CHECK(fuel_at_park(registers_at(kText + 0x1000), &image) == Fuel(1000));
  CHECK(fuel_at_park(registers_at(0x7fff'0000), nullptr) == Fuel(1000));
}

TEST_CASE("a register and a potential that overflow do not wrap to a small figure") {
  test::FakeImage image;
  image.safepoints = {image::SafepointEntry{kText, 0, 0, ~std::uint64_t{0}, 0, 0, 0}};
  CHECK(fuel_at_park(registers_at(kText), &image) == Fuel::max());
}

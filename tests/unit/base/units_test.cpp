// Quantities: no sum of hostile figures wraps around.
#include "daemon/base/units.hpp"

#include <catch2/catch.hpp>

using namespace slack;

TEST_CASE("sums and differences of quantities saturate") {
  CHECK(Fuel::max() + Fuel(1) == Fuel::max());
  CHECK(Fuel(3) - Fuel(5) == Fuel(0));
  CHECK(Fuel(3) + Fuel(5) == Fuel(8));
  CHECK(to_nanos(Micros::max()) == Nanos::max());
  CHECK(to_nanos(Micros(2)) == Nanos(2000));
  CHECK(to_micros(Nanos(2999)) == Micros(2));
}

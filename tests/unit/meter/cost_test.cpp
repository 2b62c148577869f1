// The default cost table and its replacement by a profile.
#include <catch2/catch.hpp>

#include "jit/meter/cost.hpp"

using namespace slack;
using slack::meter::CostTable;
using slack::wasm::Operator;

TEST_CASE("the default costs are wasmtime's") {
  const CostTable costs;
  CHECK(costs.of(Operator::i32_add) == Fuel(1));
  CHECK(costs.of(Operator::if_) == Fuel(1));
  CHECK(costs.of(Operator::br_table) == Fuel(1));
  CHECK(costs.of(Operator::memory_grow) == Fuel(1));
  CHECK(costs.of(Operator::drop) == Fuel(0));
  CHECK(costs.of(Operator::end) == Fuel(0));
  CHECK(costs.function_entry() == Fuel(1));
  CHECK(costs.start_call() == Fuel(2));
}

TEST_CASE("a profile may replace a cost without touching the others") {
  CostTable costs;
  costs.set(Operator::i64_div_s, 12);
  CHECK(costs.of(Operator::i64_div_s) == Fuel(12));
  CHECK(costs.of(Operator::i64_div_u) == Fuel(1));
}

TEST_CASE("what works on bytes, elements or pages costs by their number") {
  unsigned by_length = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(Operator::count); ++i) {
    by_length += meter::costs_by_length(static_cast<Operator>(i)) ? 1 : 0;
  }
  CHECK(by_length == 8);
  CHECK(meter::costs_by_length(Operator::memory_copy));
  CHECK(meter::costs_by_length(Operator::table_grow));
  CHECK(meter::costs_by_length(Operator::memory_grow));
  CHECK_FALSE(meter::costs_by_length(Operator::data_drop));
}

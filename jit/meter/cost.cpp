// The default cost table.
#include "jit/meter/cost.hpp"

namespace slack::meter {

CostTable::CostTable() {
  for (std::size_t i = 0; i < costs_.size(); ++i) costs_[i] = wasm::base_cost_of(static_cast<wasm::Operator>(i));
}

// Measured on wasmtime 50.0.1; growing by n pages or elements costs n more when it succeeds.
bool costs_by_length(wasm::Operator op) {
  switch (op) {
    case wasm::Operator::memory_fill:
    case wasm::Operator::memory_copy:
    case wasm::Operator::memory_init:
    case wasm::Operator::memory_grow:
    case wasm::Operator::table_fill:
    case wasm::Operator::table_copy:
    case wasm::Operator::table_init:
    case wasm::Operator::table_grow:
      return true;
    default:
      return false;
  }
}

}  // namespace slack::meter

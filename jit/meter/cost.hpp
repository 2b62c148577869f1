// What one execution of an operator costs in fuel: the default cost table, or a profile's in its place.
#pragma once

#include <array>
#include <cstdint>

#include "daemon/base/units.hpp"
#include "jit/wasm/operator.hpp"

namespace slack::meter {

class CostTable {
 public:
  // The default: base_cost_of every operator (wasmtime 50's figures).
  CostTable();

  [[nodiscard]] Fuel of(wasm::Operator op) const { return Fuel(costs_[static_cast<std::size_t>(op)]); }
  void set(wasm::Operator op, std::uint32_t cost) { costs_[static_cast<std::size_t>(op)] = cost; }

  // Entering a function, charged by the callee before its first operator.
  [[nodiscard]] Fuel function_entry() const { return Fuel(1); }
  // A start function at instantiation, on top of its own entry: wasmtime reaches it by a call that it compiles itself.
  [[nodiscard]] Fuel start_call() const { return Fuel(2); }

 private:
  std::array<std::uint32_t, static_cast<std::size_t>(wasm::Operator::count)> costs_{};
};

// Whether an operator also costs one fuel for each byte or element it worked on, charged when it has succeeded.
[[nodiscard]] bool costs_by_length(wasm::Operator op);

}  // namespace slack::meter

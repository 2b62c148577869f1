// What one execution of an operator costs in fuel: the default cost table, or a profile's in its place.
#pragma once

#include <array>
#include <cstdint>

#include "daemon/base/units.hpp"
#include "daemon/base/worker_services.hpp"
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
  // The worker charges this, and so it is no profile's to change.
  [[nodiscard]] static Fuel start_call() { return Fuel(services::kStartCallFuel); }

 private:
  std::array<std::uint32_t, static_cast<std::size_t>(wasm::Operator::count)> costs_{};
};

// Whether an operator also costs one fuel for each byte, element or page it worked on. The worker's services charge it,
// when they have succeeded (daemon/base/worker_services.hpp).
[[nodiscard]] bool costs_by_length(wasm::Operator op);

}  // namespace slack::meter

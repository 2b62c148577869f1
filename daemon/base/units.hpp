// Strong types for the quantities slackd counts, so that a raw uint64_t never crosses a file.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace slack {

// A quantity of one unit. Arithmetic saturates at both ends: no sum of a hostile figure wraps around to a small one.
template <typename Tag>
class Quantity {
 public:
  using Rep = std::uint64_t;
  constexpr Quantity() = default;
  constexpr explicit Quantity(Rep count) : count_(count) {}

  [[nodiscard]] constexpr Rep count() const { return count_; }
  [[nodiscard]] static constexpr Quantity max() { return Quantity(std::numeric_limits<Rep>::max()); }

  friend constexpr auto operator<=>(Quantity, Quantity) = default;
  friend constexpr Quantity operator+(Quantity a, Quantity b) {
    Rep sum = 0;
    return __builtin_add_overflow(a.count_, b.count_, &sum) ? max() : Quantity(sum);
  }
  friend constexpr Quantity operator-(Quantity a, Quantity b) {
    return a.count_ < b.count_ ? Quantity(0) : Quantity(a.count_ - b.count_);
  }
  constexpr Quantity& operator+=(Quantity other) { return *this = *this + other; }

 private:
  Rep count_ = 0;
};

using Fuel = Quantity<struct FuelTag>;          // wasmtime's unit: one operator
using Bytes = Quantity<struct BytesTag>;        // octets
using Micros = Quantity<struct MicrosTag>;      // a duration, microseconds
using Nanos = Quantity<struct NanosTag>;        // a duration, or a point of CLOCK_MONOTONIC, nanoseconds
using WasmOffset = Quantity<struct OffsetTag>;  // byte offset into the .wasm file

inline constexpr Fuel kUnlimitedFuel = Fuel::max();
inline constexpr Micros kUnlimitedTime = Micros::max();

constexpr Nanos to_nanos(Micros duration) {
  return duration.count() > std::numeric_limits<std::uint64_t>::max() / 1000 ? Nanos::max()
                                                                             : Nanos(duration.count() * 1000);
}
constexpr Micros to_micros(Nanos duration) { return Micros(duration.count() / 1000); }

}  // namespace slack

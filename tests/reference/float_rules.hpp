// What WebAssembly says of floating-point numbers where C++ says nothing or something else.
#pragma once

#include <cmath>
#include <limits>

#include "tests/reference/operands.hpp"

namespace slack::reference {

// x86-64 computes in the type's own precision, rounding to nearest: what IEEE 754 and the specification ask for.
template <typename T>
[[nodiscard]] T canonical(T number) {
  return number == number ? number : std::numeric_limits<T>::quiet_NaN();
}

template <typename T>
[[nodiscard]] T minimum(T a, T b) {
  if (a != a || b != b) return canonical(a + b);
  if (a == 0 && b == 0) return std::signbit(a) ? a : b;
  return a < b ? a : b;
}
template <typename T>
[[nodiscard]] T maximum(T a, T b) {
  if (a != a || b != b) return canonical(a + b);
  if (a == 0 && b == 0) return std::signbit(a) ? b : a;
  return a > b ? a : b;
}
template <typename T>
[[nodiscard]] T nearest(T number) {
  return canonical(std::nearbyint(number));
}

// The first number too large for an integer type: a power of two, and so exact in every float type.
template <typename To, typename From>
[[nodiscard]] From beyond() {
  return std::ldexp(From{1}, std::numeric_limits<To>::digits);
}

template <typename To, typename From>
[[nodiscard]] To truncate(From number) {
  if (number != number) throw Trapped{Trap::invalid_conversion_to_integer};
  number = std::trunc(number);
  if (number >= beyond<To, From>() || number < static_cast<From>(std::numeric_limits<To>::min()))
    throw Trapped{Trap::integer_overflow};
  return static_cast<To>(number);
}

template <typename To, typename From>
[[nodiscard]] To truncate_saturating(From number) {
  if (number != number) return 0;
  number = std::trunc(number);
  if (number >= beyond<To, From>()) return std::numeric_limits<To>::max();
  if (number < static_cast<From>(std::numeric_limits<To>::min())) return std::numeric_limits<To>::min();
  return static_cast<To>(number);
}

}  // namespace slack::reference

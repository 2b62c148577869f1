// Operands of the reference interpreter: a stack of values, and what a trap is inside it.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include "daemon/base/worker_services.hpp"
#include "daemon/wire/trap.hpp"

namespace slack::reference {

using services::Value;

// Thrown by an operator, caught by the machine: no other file sees it.
struct Trapped {
  Trap trap;
};

template <typename T>
using Lanes = std::array<T, 16 / sizeof(T)>;

// Bits of a value as T: the low ones of a number, all of a vector.
template <typename T>
[[nodiscard]] T from_value(const Value& value) {
  T result;
  static_assert(sizeof result <= sizeof value && std::is_trivially_copyable_v<T>);
  std::memcpy(&result, &value, sizeof result);
  return result;
}
template <typename T>
[[nodiscard]] Value to_value(T number) {
  Value value{0, 0};
  static_assert(sizeof number <= sizeof value && std::is_trivially_copyable_v<T>);
  std::memcpy(&value, &number, sizeof number);
  return value;
}

class Operands {
 public:
  template <typename T>
  [[nodiscard]] T pop() {
    const auto value = from_value<T>(values.back());
    values.pop_back();
    return value;
  }
  template <typename T>
  void push(T number) {
    values.push_back(to_value(number));
  }

  std::vector<Value> values;
};

}  // namespace slack::reference

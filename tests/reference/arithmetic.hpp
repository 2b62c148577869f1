// What the arithmetic of scalars and that of lanes have in common: names of number types, and functions of one or two.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "tests/reference/float_rules.hpp"

namespace slack::reference {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using s8 = std::int8_t;
using s16 = std::int16_t;
using s32 = std::int32_t;
using s64 = std::int64_t;
using f32 = float;
using f64 = double;

inline constexpr auto kEqual = [](auto a, auto b) { return a == b; };
inline constexpr auto kUnequal = [](auto a, auto b) { return a != b; };
inline constexpr auto kLess = [](auto a, auto b) { return a < b; };
inline constexpr auto kGreater = [](auto a, auto b) { return a > b; };
inline constexpr auto kLessOrEqual = [](auto a, auto b) { return a <= b; };
inline constexpr auto kGreaterOrEqual = [](auto a, auto b) { return a >= b; };
inline constexpr auto kAnd = [](auto a, auto b) { return a & b; };
inline constexpr auto kOr = [](auto a, auto b) { return a | b; };
inline constexpr auto kXor = [](auto a, auto b) { return a ^ b; };
inline constexpr auto kOnes = [](auto a) { return std::popcount(a); };
inline constexpr auto kSame = [](auto a) { return a; };
inline constexpr auto kCeil = [](auto a) { return canonical(std::ceil(a)); };
inline constexpr auto kFloor = [](auto a) { return canonical(std::floor(a)); };
inline constexpr auto kTrunc = [](auto a) { return canonical(std::trunc(a)); };
inline constexpr auto kNearest = [](auto a) { return nearest(a); };
inline constexpr auto kRoot = [](auto a) { return canonical(std::sqrt(a)); };
inline constexpr auto kFloatAdd = [](auto a, auto b) { return canonical(a + b); };
inline constexpr auto kFloatSubtract = [](auto a, auto b) { return canonical(a - b); };
inline constexpr auto kFloatMultiply = [](auto a, auto b) { return canonical(a * b); };
inline constexpr auto kFloatDivide = [](auto a, auto b) { return canonical(a / b); };
inline constexpr auto kMinimum = [](auto a, auto b) { return minimum(a, b); };
inline constexpr auto kMaximum = [](auto a, auto b) { return maximum(a, b); };
template <typename To>
inline constexpr auto kSaturate = [](auto a) { return truncate_saturating<To>(a); };
// Signs are bits: no NaN is looked at.
template <typename U>
inline constexpr U kSign = U{1} << (8 * sizeof(U) - 1);
template <typename U>
inline constexpr auto kFloatAbsolute = [](U a) { return a & ~kSign<U>; };
template <typename U>
inline constexpr auto kFloatNegate = [](U a) { return a ^ kSign<U>; };

}  // namespace slack::reference

// An operator and what it does.
#define OPERATOR(name, statement) \
  case wasm::Operator::name:      \
    statement;                    \
    return true;

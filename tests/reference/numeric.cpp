// Scalar arithmetic of the reference interpreter.
#include "tests/reference/numeric.hpp"

#include "tests/reference/arithmetic.hpp"

namespace slack::reference {

namespace {

// function(a) and function(a, b), with the result as R.
template <typename R, typename T, typename F>
void one(Operands& o, F function) {
  const auto a = o.pop<T>();
  o.push(static_cast<R>(function(a)));
}
template <typename R, typename T, typename F>
void two(Operands& o, F function) {
  const auto b = o.pop<T>();
  const auto a = o.pop<T>();
  o.push(static_cast<R>(function(a, b)));
}

template <typename T>
T divide(T a, T b) {
  if (b == 0) throw Trapped{Trap::integer_divide_by_zero};
  if (std::is_signed_v<T> && a == std::numeric_limits<T>::min() && b == static_cast<T>(-1))
    throw Trapped{Trap::integer_overflow};
  return a / b;
}
template <typename T>
T remainder(T a, T b) {
  if (b == 0) throw Trapped{Trap::integer_divide_by_zero};
  return std::is_signed_v<T> && b == static_cast<T>(-1) ? 0 : a % b;
}

// Signed numbers are added as unsigned ones, which wrap around.
constexpr auto kAdd = [](auto a, auto b) { return a + b; };
constexpr auto kSubtract = [](auto a, auto b) { return a - b; };
constexpr auto kMultiply = [](auto a, auto b) { return a * b; };
constexpr auto kDivide = [](auto a, auto b) { return divide(a, b); };
constexpr auto kRemainder = [](auto a, auto b) { return remainder(a, b); };
constexpr auto kShiftLeft = [](auto a, auto b) { return a << (b & (8 * sizeof a - 1)); };
constexpr auto kShiftRight = [](auto a, auto b) { return a >> (b & (8 * sizeof a - 1)); };
constexpr auto kRotateLeft = [](auto a, auto b) { return std::rotl(a, static_cast<int>(b & (8 * sizeof a - 1))); };
constexpr auto kRotateRight = [](auto a, auto b) { return std::rotr(a, static_cast<int>(b & (8 * sizeof a - 1))); };
constexpr auto kIsZero = [](auto a) { return a == 0; };
constexpr auto kLeadingZeros = [](auto a) { return std::countl_zero(a); };
constexpr auto kTrailingZeros = [](auto a) { return std::countr_zero(a); };
constexpr auto kNarrow8 = [](auto a) { return static_cast<s8>(a); };
constexpr auto kNarrow16 = [](auto a) { return static_cast<s16>(a); };
constexpr auto kNarrow32 = [](auto a) { return static_cast<s32>(a); };
template <typename To>
constexpr auto kTruncate = [](auto a) { return truncate<To>(a); };
template <typename U>
constexpr auto kCopySign = [](U a, U b) { return (a & ~kSign<U>) | (b & kSign<U>); };

}  // namespace

bool numeric(wasm::Operator op, Operands& o) {
  switch (op) {
    OPERATOR(i32_eqz, (one<u32, u32>(o, kIsZero)))
    OPERATOR(i32_eq, (two<u32, u32>(o, kEqual)))
    OPERATOR(i32_ne, (two<u32, u32>(o, kUnequal)))
    OPERATOR(i32_lt_s, (two<u32, s32>(o, kLess)))
    OPERATOR(i32_lt_u, (two<u32, u32>(o, kLess)))
    OPERATOR(i32_gt_s, (two<u32, s32>(o, kGreater)))
    OPERATOR(i32_gt_u, (two<u32, u32>(o, kGreater)))
    OPERATOR(i32_le_s, (two<u32, s32>(o, kLessOrEqual)))
    OPERATOR(i32_le_u, (two<u32, u32>(o, kLessOrEqual)))
    OPERATOR(i32_ge_s, (two<u32, s32>(o, kGreaterOrEqual)))
    OPERATOR(i32_ge_u, (two<u32, u32>(o, kGreaterOrEqual)))
    OPERATOR(i32_clz, (one<u32, u32>(o, kLeadingZeros)))
    OPERATOR(i32_ctz, (one<u32, u32>(o, kTrailingZeros)))
    OPERATOR(i32_popcnt, (one<u32, u32>(o, kOnes)))
    OPERATOR(i32_add, (two<u32, u32>(o, kAdd)))
    OPERATOR(i32_sub, (two<u32, u32>(o, kSubtract)))
    OPERATOR(i32_mul, (two<u32, u32>(o, kMultiply)))
    OPERATOR(i32_and, (two<u32, u32>(o, kAnd)))
    OPERATOR(i32_or, (two<u32, u32>(o, kOr)))
    OPERATOR(i32_xor, (two<u32, u32>(o, kXor)))
    OPERATOR(i32_shl, (two<u32, u32>(o, kShiftLeft)))
    OPERATOR(i32_rotl, (two<u32, u32>(o, kRotateLeft)))
    OPERATOR(i32_rotr, (two<u32, u32>(o, kRotateRight)))
    OPERATOR(i32_div_s, (two<s32, s32>(o, kDivide)))
    OPERATOR(i32_div_u, (two<u32, u32>(o, kDivide)))
    OPERATOR(i32_rem_s, (two<s32, s32>(o, kRemainder)))
    OPERATOR(i32_rem_u, (two<u32, u32>(o, kRemainder)))
    OPERATOR(i32_shr_s, (two<s32, s32>(o, kShiftRight)))
    OPERATOR(i32_shr_u, (two<u32, u32>(o, kShiftRight)))
    OPERATOR(i64_eqz, (one<u32, u64>(o, kIsZero)))
    OPERATOR(i64_eq, (two<u32, u64>(o, kEqual)))
    OPERATOR(i64_ne, (two<u32, u64>(o, kUnequal)))
    OPERATOR(i64_lt_s, (two<u32, s64>(o, kLess)))
    OPERATOR(i64_lt_u, (two<u32, u64>(o, kLess)))
    OPERATOR(i64_gt_s, (two<u32, s64>(o, kGreater)))
    OPERATOR(i64_gt_u, (two<u32, u64>(o, kGreater)))
    OPERATOR(i64_le_s, (two<u32, s64>(o, kLessOrEqual)))
    OPERATOR(i64_le_u, (two<u32, u64>(o, kLessOrEqual)))
    OPERATOR(i64_ge_s, (two<u32, s64>(o, kGreaterOrEqual)))
    OPERATOR(i64_ge_u, (two<u32, u64>(o, kGreaterOrEqual)))
    OPERATOR(i64_clz, (one<u64, u64>(o, kLeadingZeros)))
    OPERATOR(i64_ctz, (one<u64, u64>(o, kTrailingZeros)))
    OPERATOR(i64_popcnt, (one<u64, u64>(o, kOnes)))
    OPERATOR(i64_add, (two<u64, u64>(o, kAdd)))
    OPERATOR(i64_sub, (two<u64, u64>(o, kSubtract)))
    OPERATOR(i64_mul, (two<u64, u64>(o, kMultiply)))
    OPERATOR(i64_and, (two<u64, u64>(o, kAnd)))
    OPERATOR(i64_or, (two<u64, u64>(o, kOr)))
    OPERATOR(i64_xor, (two<u64, u64>(o, kXor)))
    OPERATOR(i64_shl, (two<u64, u64>(o, kShiftLeft)))
    OPERATOR(i64_rotl, (two<u64, u64>(o, kRotateLeft)))
    OPERATOR(i64_rotr, (two<u64, u64>(o, kRotateRight)))
    OPERATOR(i64_div_s, (two<s64, s64>(o, kDivide)))
    OPERATOR(i64_div_u, (two<u64, u64>(o, kDivide)))
    OPERATOR(i64_rem_s, (two<s64, s64>(o, kRemainder)))
    OPERATOR(i64_rem_u, (two<u64, u64>(o, kRemainder)))
    OPERATOR(i64_shr_s, (two<s64, s64>(o, kShiftRight)))
    OPERATOR(i64_shr_u, (two<u64, u64>(o, kShiftRight)))
    OPERATOR(f32_eq, (two<u32, f32>(o, kEqual)))
    OPERATOR(f32_ne, (two<u32, f32>(o, kUnequal)))
    OPERATOR(f32_lt, (two<u32, f32>(o, kLess)))
    OPERATOR(f32_gt, (two<u32, f32>(o, kGreater)))
    OPERATOR(f32_le, (two<u32, f32>(o, kLessOrEqual)))
    OPERATOR(f32_ge, (two<u32, f32>(o, kGreaterOrEqual)))
    OPERATOR(f32_abs, (one<u32, u32>(o, kFloatAbsolute<u32>)))
    OPERATOR(f32_neg, (one<u32, u32>(o, kFloatNegate<u32>)))
    OPERATOR(f32_copysign, (two<u32, u32>(o, kCopySign<u32>)))
    OPERATOR(f32_ceil, (one<f32, f32>(o, kCeil)))
    OPERATOR(f32_floor, (one<f32, f32>(o, kFloor)))
    OPERATOR(f32_trunc, (one<f32, f32>(o, kTrunc)))
    OPERATOR(f32_nearest, (one<f32, f32>(o, kNearest)))
    OPERATOR(f32_sqrt, (one<f32, f32>(o, kRoot)))
    OPERATOR(f32_add, (two<f32, f32>(o, kFloatAdd)))
    OPERATOR(f32_sub, (two<f32, f32>(o, kFloatSubtract)))
    OPERATOR(f32_mul, (two<f32, f32>(o, kFloatMultiply)))
    OPERATOR(f32_div, (two<f32, f32>(o, kFloatDivide)))
    OPERATOR(f32_min, (two<f32, f32>(o, kMinimum)))
    OPERATOR(f32_max, (two<f32, f32>(o, kMaximum)))
    OPERATOR(f64_eq, (two<u32, f64>(o, kEqual)))
    OPERATOR(f64_ne, (two<u32, f64>(o, kUnequal)))
    OPERATOR(f64_lt, (two<u32, f64>(o, kLess)))
    OPERATOR(f64_gt, (two<u32, f64>(o, kGreater)))
    OPERATOR(f64_le, (two<u32, f64>(o, kLessOrEqual)))
    OPERATOR(f64_ge, (two<u32, f64>(o, kGreaterOrEqual)))
    OPERATOR(f64_abs, (one<u64, u64>(o, kFloatAbsolute<u64>)))
    OPERATOR(f64_neg, (one<u64, u64>(o, kFloatNegate<u64>)))
    OPERATOR(f64_copysign, (two<u64, u64>(o, kCopySign<u64>)))
    OPERATOR(f64_ceil, (one<f64, f64>(o, kCeil)))
    OPERATOR(f64_floor, (one<f64, f64>(o, kFloor)))
    OPERATOR(f64_trunc, (one<f64, f64>(o, kTrunc)))
    OPERATOR(f64_nearest, (one<f64, f64>(o, kNearest)))
    OPERATOR(f64_sqrt, (one<f64, f64>(o, kRoot)))
    OPERATOR(f64_add, (two<f64, f64>(o, kFloatAdd)))
    OPERATOR(f64_sub, (two<f64, f64>(o, kFloatSubtract)))
    OPERATOR(f64_mul, (two<f64, f64>(o, kFloatMultiply)))
    OPERATOR(f64_div, (two<f64, f64>(o, kFloatDivide)))
    OPERATOR(f64_min, (two<f64, f64>(o, kMinimum)))
    OPERATOR(f64_max, (two<f64, f64>(o, kMaximum)))
    OPERATOR(i32_wrap_i64, (one<u32, u64>(o, kSame)))
    OPERATOR(i64_extend_i32_s, (one<s64, s32>(o, kSame)))
    OPERATOR(i64_extend_i32_u, (one<u64, u32>(o, kSame)))
    OPERATOR(i32_trunc_f32_s, (one<s32, f32>(o, kTruncate<s32>)))
    OPERATOR(i32_trunc_sat_f32_s, (one<s32, f32>(o, kSaturate<s32>)))
    OPERATOR(f32_convert_i32_s, (one<f32, s32>(o, kSame)))
    OPERATOR(i32_trunc_f32_u, (one<u32, f32>(o, kTruncate<u32>)))
    OPERATOR(i32_trunc_sat_f32_u, (one<u32, f32>(o, kSaturate<u32>)))
    OPERATOR(f32_convert_i32_u, (one<f32, u32>(o, kSame)))
    OPERATOR(i32_trunc_f64_s, (one<s32, f64>(o, kTruncate<s32>)))
    OPERATOR(i32_trunc_sat_f64_s, (one<s32, f64>(o, kSaturate<s32>)))
    OPERATOR(f64_convert_i32_s, (one<f64, s32>(o, kSame)))
    OPERATOR(i32_trunc_f64_u, (one<u32, f64>(o, kTruncate<u32>)))
    OPERATOR(i32_trunc_sat_f64_u, (one<u32, f64>(o, kSaturate<u32>)))
    OPERATOR(f64_convert_i32_u, (one<f64, u32>(o, kSame)))
    OPERATOR(i64_trunc_f32_s, (one<s64, f32>(o, kTruncate<s64>)))
    OPERATOR(i64_trunc_sat_f32_s, (one<s64, f32>(o, kSaturate<s64>)))
    OPERATOR(f32_convert_i64_s, (one<f32, s64>(o, kSame)))
    OPERATOR(i64_trunc_f32_u, (one<u64, f32>(o, kTruncate<u64>)))
    OPERATOR(i64_trunc_sat_f32_u, (one<u64, f32>(o, kSaturate<u64>)))
    OPERATOR(f32_convert_i64_u, (one<f32, u64>(o, kSame)))
    OPERATOR(i64_trunc_f64_s, (one<s64, f64>(o, kTruncate<s64>)))
    OPERATOR(i64_trunc_sat_f64_s, (one<s64, f64>(o, kSaturate<s64>)))
    OPERATOR(f64_convert_i64_s, (one<f64, s64>(o, kSame)))
    OPERATOR(i64_trunc_f64_u, (one<u64, f64>(o, kTruncate<u64>)))
    OPERATOR(i64_trunc_sat_f64_u, (one<u64, f64>(o, kSaturate<u64>)))
    OPERATOR(f64_convert_i64_u, (one<f64, u64>(o, kSame)))
    OPERATOR(f32_demote_f64, (one<f32, f64>(o, [](f64 a) { return canonical(static_cast<f32>(a)); })))
    OPERATOR(f64_promote_f32, (one<f64, f32>(o, [](f32 a) { return canonical(static_cast<f64>(a)); })))
    OPERATOR(i32_reinterpret_f32, (one<u32, u32>(o, kSame)))
    OPERATOR(f32_reinterpret_i32, (one<u32, u32>(o, kSame)))
    OPERATOR(i64_reinterpret_f64, (one<u64, u64>(o, kSame)))
    OPERATOR(f64_reinterpret_i64, (one<u64, u64>(o, kSame)))
    OPERATOR(i32_extend8_s, (one<s32, u32>(o, kNarrow8)))
    OPERATOR(i32_extend16_s, (one<s32, u32>(o, kNarrow16)))
    OPERATOR(i64_extend8_s, (one<s64, u64>(o, kNarrow8)))
    OPERATOR(i64_extend16_s, (one<s64, u64>(o, kNarrow16)))
    OPERATOR(i64_extend32_s, (one<s64, u64>(o, kNarrow32)))
    default:
      return false;
  }
}
#undef OPERATOR

}  // namespace slack::reference

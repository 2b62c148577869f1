// Vector arithmetic of the reference interpreter: loops over lanes.
#include <algorithm>
#include <utility>

#include "tests/reference/arithmetic.hpp"
#include "tests/reference/numeric.hpp"

namespace slack::reference {

namespace {

// An integer type of the same width that takes any lane's arithmetic: all that matters of it is its low bits.
template <typename T>
[[nodiscard]] u64 bits(T number) {
  return static_cast<u64>(static_cast<s64>(number));
}

// Each lane by itself: function(a), function(a, b).
template <typename T, typename F>
void map(Operands& o, F function) {
  auto a = o.pop<Lanes<T>>();
  for (auto& lane : a) lane = static_cast<T>(function(lane));
  o.push(a);
}
template <typename T, typename F>
void map2(Operands& o, F function) {
  const auto b = o.pop<Lanes<T>>();
  auto a = o.pop<Lanes<T>>();
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<T>(function(a[i], b[i]));
  o.push(a);
}
// All ones where function(a, b) holds.
template <typename T, typename F>
void compare(Operands& o, F function) {
  const auto b = o.pop<Lanes<T>>();
  const auto a = o.pop<Lanes<T>>();
  std::array<u8, 16> result{};
  for (std::size_t i = 0; i < a.size(); ++i)
    if (function(a[i], b[i])) std::fill_n(result.begin() + i * sizeof(T), sizeof(T), 0xff);
  o.push(result);
}
template <typename T, typename F>
void shift(Operands& o, F function) {
  const auto count = o.pop<u32>() & (8 * sizeof(T) - 1);
  map<T>(o, [&](T a) { return function(a, count); });
}
// From lanes of one type to the low lanes of another; the others are zero.
template <typename From, typename To, typename F>
void convert(Operands& o, F function) {
  const auto a = o.pop<Lanes<From>>();
  Lanes<To> result{};
  for (std::size_t i = 0; i < std::min(a.size(), result.size()); ++i) result[i] = static_cast<To>(function(a[i]));
  o.push(result);
}

template <typename T>
void splat(Operands& o) {
  const auto number = o.pop<T>();
  Lanes<T> a;
  a.fill(number);
  o.push(a);
}
template <typename T, typename Result>
void extract(Operands& o, u32 lane) {
  o.push(static_cast<Result>(o.pop<Lanes<T>>()[lane]));
}
template <typename T>
void replace(Operands& o, u32 lane) {
  const auto number = o.pop<T>();
  auto a = o.pop<Lanes<T>>();
  a[lane] = number;
  o.push(a);
}
template <typename T>
void all_true(Operands& o) {
  const auto a = o.pop<Lanes<T>>();
  o.push(u32{std::all_of(a.begin(), a.end(), [](T lane) { return lane != 0; })});
}
template <typename T>
void bitmask(Operands& o) {
  const auto a = o.pop<Lanes<T>>();
  u32 mask = 0;
  for (std::size_t i = 0; i < a.size(); ++i) mask |= u32{a[i] < 0} << i;
  o.push(mask);
}

template <typename T>
T saturate(s64 number) {
  return static_cast<T>(std::clamp<s64>(number, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
}
template <typename From, typename To>
void narrow(Operands& o) {
  const auto b = o.pop<Lanes<From>>();
  const auto a = o.pop<Lanes<From>>();
  Lanes<To> result;
  for (std::size_t i = 0; i < a.size(); ++i) {
    result[i] = saturate<To>(a[i]);
    result[i + a.size()] = saturate<To>(b[i]);
  }
  o.push(result);
}

enum class Half : u8 { low, high };
template <typename From, typename To>
[[nodiscard]] Lanes<To> extended(const Lanes<From>& a, Half half) {
  Lanes<To> result;
  const std::size_t first = half == Half::low ? 0 : result.size();
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = static_cast<To>(a[first + i]);
  return result;
}
template <typename From, typename To>
void extend(Operands& o, Half half) {
  o.push(extended<From, To>(o.pop<Lanes<From>>(), half));
}
template <typename From, typename To>
void multiply_extended(Operands& o, Half half) {
  const auto b = extended<From, To>(o.pop<Lanes<From>>(), half);
  auto a = extended<From, To>(o.pop<Lanes<From>>(), half);
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<To>(bits(a[i]) * bits(b[i]));
  o.push(a);
}
template <typename From, typename To>
void add_pairs(Operands& o) {
  const auto a = o.pop<Lanes<From>>();
  Lanes<To> result;
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = static_cast<To>(a[2 * i] + a[2 * i + 1]);
  o.push(result);
}
void dot_product(Operands& o) {
  const auto b = o.pop<Lanes<s16>>();
  const auto a = o.pop<Lanes<s16>>();
  Lanes<u32> result;
  const auto product = [&](std::size_t i) { return static_cast<u32>(s32{a[i]} * b[i]); };
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = product(2 * i) + product(2 * i + 1);
  o.push(result);
}

void shuffle(Operands& o, const std::uint8_t (&lanes)[16]) {
  const auto b = o.pop<Lanes<u8>>();
  const auto a = o.pop<Lanes<u8>>();
  Lanes<u8> result;
  for (std::size_t i = 0; i < 16; ++i) result[i] = lanes[i] < 16 ? a[lanes[i]] : b[lanes[i] - 16u];
  o.push(result);
}
void swizzle(Operands& o) {
  const auto indices = o.pop<Lanes<u8>>();
  const auto a = o.pop<Lanes<u8>>();
  Lanes<u8> result;
  for (std::size_t i = 0; i < 16; ++i) result[i] = indices[i] < 16 ? a[indices[i]] : 0;
  o.push(result);
}
void select_bits(Operands& o) {
  const auto mask = o.pop<Lanes<u64>>();
  const auto b = o.pop<Lanes<u64>>();
  auto a = o.pop<Lanes<u64>>();
  for (std::size_t i = 0; i < 2; ++i) a[i] = (a[i] & mask[i]) | (b[i] & ~mask[i]);
  o.push(a);
}
void any_true(Operands& o) {
  const auto a = o.pop<Lanes<u64>>();
  o.push(u32{(a[0] | a[1]) != 0});
}

constexpr auto kAdd = [](auto a, auto b) { return bits(a) + bits(b); };
constexpr auto kSubtract = [](auto a, auto b) { return bits(a) - bits(b); };
constexpr auto kMultiply = [](auto a, auto b) { return bits(a) * bits(b); };
constexpr auto kAddSaturating = [](auto a, auto b) { return saturate<decltype(a)>(s64{a} + b); };
constexpr auto kSubtractSaturating = [](auto a, auto b) { return saturate<decltype(a)>(s64{a} - b); };
constexpr auto kLesser = [](auto a, auto b) { return std::min(a, b); };
constexpr auto kGreatest = [](auto a, auto b) { return std::max(a, b); };
constexpr auto kAverage = [](auto a, auto b) { return (a + b + 1) / 2; };
constexpr auto kRoundedProduct = [](s16 a, s16 b) { return saturate<s16>((s64{a} * b + 0x4000) >> 15); };
constexpr auto kAbsolute = [](auto a) { return a < 0 ? -bits(a) : bits(a); };
constexpr auto kNegate = [](auto a) { return -bits(a); };
constexpr auto kNot = [](auto a) { return ~a; };
constexpr auto kAndNot = [](auto a, auto b) { return a & ~b; };
constexpr auto kShiftLeft = [](auto a, auto b) { return bits(a) << b; };
constexpr auto kShiftRight = [](auto a, auto b) { return a >> b; };
constexpr auto kPseudoMinimum = [](auto a, auto b) { return b < a ? b : a; };
constexpr auto kPseudoMaximum = [](auto a, auto b) { return a < b ? b : a; };
constexpr auto kCanonical = [](auto a) { return canonical(a); };
constexpr auto kDemote = [](f64 a) { return canonical(static_cast<f32>(a)); };

}  // namespace

bool vector_numeric(const wasm::Instruction& instruction, Operands& o) {
  switch (instruction.op) {
    OPERATOR(v128_const, (o.push(Lanes<u64>{instruction.low, instruction.high})))
    OPERATOR(i8x16_shuffle, (shuffle(o, instruction.lanes)))
    OPERATOR(i8x16_swizzle, (swizzle(o)))
    OPERATOR(i8x16_splat, (splat<u8>(o)))
    OPERATOR(i8x16_extract_lane_s, (extract<s8, s32>(o, instruction.lane)))
    OPERATOR(i8x16_extract_lane_u, (extract<u8, u32>(o, instruction.lane)))
    OPERATOR(i8x16_replace_lane, (replace<u8>(o, instruction.lane)))
    OPERATOR(i8x16_eq, (compare<u8>(o, kEqual)))
    OPERATOR(i8x16_ne, (compare<u8>(o, kUnequal)))
    OPERATOR(i8x16_lt_s, (compare<s8>(o, kLess)))
    OPERATOR(i8x16_lt_u, (compare<u8>(o, kLess)))
    OPERATOR(i8x16_gt_s, (compare<s8>(o, kGreater)))
    OPERATOR(i8x16_gt_u, (compare<u8>(o, kGreater)))
    OPERATOR(i8x16_le_s, (compare<s8>(o, kLessOrEqual)))
    OPERATOR(i8x16_le_u, (compare<u8>(o, kLessOrEqual)))
    OPERATOR(i8x16_ge_s, (compare<s8>(o, kGreaterOrEqual)))
    OPERATOR(i8x16_ge_u, (compare<u8>(o, kGreaterOrEqual)))
    OPERATOR(i8x16_abs, (map<s8>(o, kAbsolute)))
    OPERATOR(i8x16_neg, (map<u8>(o, kNegate)))
    OPERATOR(i8x16_all_true, (all_true<u8>(o)))
    OPERATOR(i8x16_bitmask, (bitmask<s8>(o)))
    OPERATOR(i8x16_shl, (shift<u8>(o, kShiftLeft)))
    OPERATOR(i8x16_shr_s, (shift<s8>(o, kShiftRight)))
    OPERATOR(i8x16_shr_u, (shift<u8>(o, kShiftRight)))
    OPERATOR(i8x16_add, (map2<u8>(o, kAdd)))
    OPERATOR(i8x16_sub, (map2<u8>(o, kSubtract)))
    OPERATOR(i8x16_add_sat_s, (map2<s8>(o, kAddSaturating)))
    OPERATOR(i8x16_sub_sat_s, (map2<s8>(o, kSubtractSaturating)))
    OPERATOR(i8x16_add_sat_u, (map2<u8>(o, kAddSaturating)))
    OPERATOR(i8x16_sub_sat_u, (map2<u8>(o, kSubtractSaturating)))
    OPERATOR(i8x16_avgr_u, (map2<u8>(o, kAverage)))
    OPERATOR(i8x16_min_s, (map2<s8>(o, kLesser)))
    OPERATOR(i8x16_max_s, (map2<s8>(o, kGreatest)))
    OPERATOR(i8x16_min_u, (map2<u8>(o, kLesser)))
    OPERATOR(i8x16_max_u, (map2<u8>(o, kGreatest)))
    OPERATOR(i16x8_splat, (splat<u16>(o)))
    OPERATOR(i16x8_extract_lane_s, (extract<s16, s32>(o, instruction.lane)))
    OPERATOR(i16x8_extract_lane_u, (extract<u16, u32>(o, instruction.lane)))
    OPERATOR(i16x8_replace_lane, (replace<u16>(o, instruction.lane)))
    OPERATOR(i16x8_eq, (compare<u16>(o, kEqual)))
    OPERATOR(i16x8_ne, (compare<u16>(o, kUnequal)))
    OPERATOR(i16x8_lt_s, (compare<s16>(o, kLess)))
    OPERATOR(i16x8_lt_u, (compare<u16>(o, kLess)))
    OPERATOR(i16x8_gt_s, (compare<s16>(o, kGreater)))
    OPERATOR(i16x8_gt_u, (compare<u16>(o, kGreater)))
    OPERATOR(i16x8_le_s, (compare<s16>(o, kLessOrEqual)))
    OPERATOR(i16x8_le_u, (compare<u16>(o, kLessOrEqual)))
    OPERATOR(i16x8_ge_s, (compare<s16>(o, kGreaterOrEqual)))
    OPERATOR(i16x8_ge_u, (compare<u16>(o, kGreaterOrEqual)))
    OPERATOR(i16x8_abs, (map<s16>(o, kAbsolute)))
    OPERATOR(i16x8_neg, (map<u16>(o, kNegate)))
    OPERATOR(i16x8_all_true, (all_true<u16>(o)))
    OPERATOR(i16x8_bitmask, (bitmask<s16>(o)))
    OPERATOR(i16x8_shl, (shift<u16>(o, kShiftLeft)))
    OPERATOR(i16x8_shr_s, (shift<s16>(o, kShiftRight)))
    OPERATOR(i16x8_shr_u, (shift<u16>(o, kShiftRight)))
    OPERATOR(i16x8_add, (map2<u16>(o, kAdd)))
    OPERATOR(i16x8_sub, (map2<u16>(o, kSubtract)))
    OPERATOR(i16x8_mul, (map2<u16>(o, kMultiply)))
    OPERATOR(i16x8_add_sat_s, (map2<s16>(o, kAddSaturating)))
    OPERATOR(i16x8_sub_sat_s, (map2<s16>(o, kSubtractSaturating)))
    OPERATOR(i16x8_add_sat_u, (map2<u16>(o, kAddSaturating)))
    OPERATOR(i16x8_sub_sat_u, (map2<u16>(o, kSubtractSaturating)))
    OPERATOR(i16x8_avgr_u, (map2<u16>(o, kAverage)))
    OPERATOR(i16x8_min_s, (map2<s16>(o, kLesser)))
    OPERATOR(i16x8_max_s, (map2<s16>(o, kGreatest)))
    OPERATOR(i16x8_min_u, (map2<u16>(o, kLesser)))
    OPERATOR(i16x8_max_u, (map2<u16>(o, kGreatest)))
    OPERATOR(i32x4_splat, (splat<u32>(o)))
    OPERATOR(i32x4_extract_lane, (extract<u32, u32>(o, instruction.lane)))
    OPERATOR(i32x4_replace_lane, (replace<u32>(o, instruction.lane)))
    OPERATOR(i32x4_eq, (compare<u32>(o, kEqual)))
    OPERATOR(i32x4_ne, (compare<u32>(o, kUnequal)))
    OPERATOR(i32x4_lt_s, (compare<s32>(o, kLess)))
    OPERATOR(i32x4_lt_u, (compare<u32>(o, kLess)))
    OPERATOR(i32x4_gt_s, (compare<s32>(o, kGreater)))
    OPERATOR(i32x4_gt_u, (compare<u32>(o, kGreater)))
    OPERATOR(i32x4_le_s, (compare<s32>(o, kLessOrEqual)))
    OPERATOR(i32x4_le_u, (compare<u32>(o, kLessOrEqual)))
    OPERATOR(i32x4_ge_s, (compare<s32>(o, kGreaterOrEqual)))
    OPERATOR(i32x4_ge_u, (compare<u32>(o, kGreaterOrEqual)))
    OPERATOR(i32x4_abs, (map<s32>(o, kAbsolute)))
    OPERATOR(i32x4_neg, (map<u32>(o, kNegate)))
    OPERATOR(i32x4_all_true, (all_true<u32>(o)))
    OPERATOR(i32x4_bitmask, (bitmask<s32>(o)))
    OPERATOR(i32x4_shl, (shift<u32>(o, kShiftLeft)))
    OPERATOR(i32x4_shr_s, (shift<s32>(o, kShiftRight)))
    OPERATOR(i32x4_shr_u, (shift<u32>(o, kShiftRight)))
    OPERATOR(i32x4_add, (map2<u32>(o, kAdd)))
    OPERATOR(i32x4_sub, (map2<u32>(o, kSubtract)))
    OPERATOR(i32x4_mul, (map2<u32>(o, kMultiply)))
    OPERATOR(i32x4_min_s, (map2<s32>(o, kLesser)))
    OPERATOR(i32x4_max_s, (map2<s32>(o, kGreatest)))
    OPERATOR(i32x4_min_u, (map2<u32>(o, kLesser)))
    OPERATOR(i32x4_max_u, (map2<u32>(o, kGreatest)))
    OPERATOR(i64x2_splat, (splat<u64>(o)))
    OPERATOR(i64x2_extract_lane, (extract<u64, u64>(o, instruction.lane)))
    OPERATOR(i64x2_replace_lane, (replace<u64>(o, instruction.lane)))
    OPERATOR(i64x2_eq, (compare<u64>(o, kEqual)))
    OPERATOR(i64x2_ne, (compare<u64>(o, kUnequal)))
    OPERATOR(i64x2_lt_s, (compare<s64>(o, kLess)))
    OPERATOR(i64x2_gt_s, (compare<s64>(o, kGreater)))
    OPERATOR(i64x2_le_s, (compare<s64>(o, kLessOrEqual)))
    OPERATOR(i64x2_ge_s, (compare<s64>(o, kGreaterOrEqual)))
    OPERATOR(i64x2_abs, (map<s64>(o, kAbsolute)))
    OPERATOR(i64x2_neg, (map<u64>(o, kNegate)))
    OPERATOR(i64x2_all_true, (all_true<u64>(o)))
    OPERATOR(i64x2_bitmask, (bitmask<s64>(o)))
    OPERATOR(i64x2_shl, (shift<u64>(o, kShiftLeft)))
    OPERATOR(i64x2_shr_s, (shift<s64>(o, kShiftRight)))
    OPERATOR(i64x2_shr_u, (shift<u64>(o, kShiftRight)))
    OPERATOR(i64x2_add, (map2<u64>(o, kAdd)))
    OPERATOR(i64x2_sub, (map2<u64>(o, kSubtract)))
    OPERATOR(i64x2_mul, (map2<u64>(o, kMultiply)))
    OPERATOR(i8x16_popcnt, (map<u8>(o, kOnes)))
    OPERATOR(i16x8_q15mulr_sat_s, (map2<s16>(o, kRoundedProduct)))
    OPERATOR(i32x4_dot_i16x8_s, (dot_product(o)))
    OPERATOR(i16x8_extend_low_i8x16_s, (extend<s8, s16>(o, Half::low)))
    OPERATOR(i16x8_extmul_low_i8x16_s, (multiply_extended<s8, s16>(o, Half::low)))
    OPERATOR(i16x8_extend_high_i8x16_s, (extend<s8, s16>(o, Half::high)))
    OPERATOR(i16x8_extmul_high_i8x16_s, (multiply_extended<s8, s16>(o, Half::high)))
    OPERATOR(i16x8_extadd_pairwise_i8x16_s, (add_pairs<s8, s16>(o)))
    OPERATOR(i8x16_narrow_i16x8_s, (narrow<s16, s8>(o)))
    OPERATOR(i16x8_extend_low_i8x16_u, (extend<u8, u16>(o, Half::low)))
    OPERATOR(i16x8_extmul_low_i8x16_u, (multiply_extended<u8, u16>(o, Half::low)))
    OPERATOR(i16x8_extend_high_i8x16_u, (extend<u8, u16>(o, Half::high)))
    OPERATOR(i16x8_extmul_high_i8x16_u, (multiply_extended<u8, u16>(o, Half::high)))
    OPERATOR(i16x8_extadd_pairwise_i8x16_u, (add_pairs<u8, u16>(o)))
    OPERATOR(i8x16_narrow_i16x8_u, (narrow<s16, u8>(o)))
    OPERATOR(i32x4_extend_low_i16x8_s, (extend<s16, s32>(o, Half::low)))
    OPERATOR(i32x4_extmul_low_i16x8_s, (multiply_extended<s16, s32>(o, Half::low)))
    OPERATOR(i32x4_extend_high_i16x8_s, (extend<s16, s32>(o, Half::high)))
    OPERATOR(i32x4_extmul_high_i16x8_s, (multiply_extended<s16, s32>(o, Half::high)))
    OPERATOR(i32x4_extadd_pairwise_i16x8_s, (add_pairs<s16, s32>(o)))
    OPERATOR(i16x8_narrow_i32x4_s, (narrow<s32, s16>(o)))
    OPERATOR(i32x4_extend_low_i16x8_u, (extend<u16, u32>(o, Half::low)))
    OPERATOR(i32x4_extmul_low_i16x8_u, (multiply_extended<u16, u32>(o, Half::low)))
    OPERATOR(i32x4_extend_high_i16x8_u, (extend<u16, u32>(o, Half::high)))
    OPERATOR(i32x4_extmul_high_i16x8_u, (multiply_extended<u16, u32>(o, Half::high)))
    OPERATOR(i32x4_extadd_pairwise_i16x8_u, (add_pairs<u16, u32>(o)))
    OPERATOR(i16x8_narrow_i32x4_u, (narrow<s32, u16>(o)))
    OPERATOR(i64x2_extend_low_i32x4_s, (extend<s32, s64>(o, Half::low)))
    OPERATOR(i64x2_extmul_low_i32x4_s, (multiply_extended<s32, s64>(o, Half::low)))
    OPERATOR(i64x2_extend_high_i32x4_s, (extend<s32, s64>(o, Half::high)))
    OPERATOR(i64x2_extmul_high_i32x4_s, (multiply_extended<s32, s64>(o, Half::high)))
    OPERATOR(i64x2_extend_low_i32x4_u, (extend<u32, u64>(o, Half::low)))
    OPERATOR(i64x2_extmul_low_i32x4_u, (multiply_extended<u32, u64>(o, Half::low)))
    OPERATOR(i64x2_extend_high_i32x4_u, (extend<u32, u64>(o, Half::high)))
    OPERATOR(i64x2_extmul_high_i32x4_u, (multiply_extended<u32, u64>(o, Half::high)))
    OPERATOR(v128_not, (map<u64>(o, kNot)))
    OPERATOR(v128_and, (map2<u64>(o, kAnd)))
    OPERATOR(v128_andnot, (map2<u64>(o, kAndNot)))
    OPERATOR(v128_or, (map2<u64>(o, kOr)))
    OPERATOR(v128_xor, (map2<u64>(o, kXor)))
    OPERATOR(v128_bitselect, (select_bits(o)))
    OPERATOR(v128_any_true, (any_true(o)))
    OPERATOR(f32x4_splat, (splat<u32>(o)))
    OPERATOR(f32x4_extract_lane, (extract<u32, u32>(o, instruction.lane)))
    OPERATOR(f32x4_replace_lane, (replace<u32>(o, instruction.lane)))
    OPERATOR(f32x4_eq, (compare<f32>(o, kEqual)))
    OPERATOR(f32x4_ne, (compare<f32>(o, kUnequal)))
    OPERATOR(f32x4_lt, (compare<f32>(o, kLess)))
    OPERATOR(f32x4_gt, (compare<f32>(o, kGreater)))
    OPERATOR(f32x4_le, (compare<f32>(o, kLessOrEqual)))
    OPERATOR(f32x4_ge, (compare<f32>(o, kGreaterOrEqual)))
    OPERATOR(f32x4_ceil, (map<f32>(o, kCeil)))
    OPERATOR(f32x4_floor, (map<f32>(o, kFloor)))
    OPERATOR(f32x4_trunc, (map<f32>(o, kTrunc)))
    OPERATOR(f32x4_nearest, (map<f32>(o, kNearest)))
    OPERATOR(f32x4_sqrt, (map<f32>(o, kRoot)))
    OPERATOR(f32x4_abs, (map<u32>(o, kFloatAbsolute<u32>)))
    OPERATOR(f32x4_neg, (map<u32>(o, kFloatNegate<u32>)))
    OPERATOR(f32x4_add, (map2<f32>(o, kFloatAdd)))
    OPERATOR(f32x4_sub, (map2<f32>(o, kFloatSubtract)))
    OPERATOR(f32x4_mul, (map2<f32>(o, kFloatMultiply)))
    OPERATOR(f32x4_div, (map2<f32>(o, kFloatDivide)))
    OPERATOR(f32x4_min, (map2<f32>(o, kMinimum)))
    OPERATOR(f32x4_max, (map2<f32>(o, kMaximum)))
    OPERATOR(f32x4_pmin, (map2<f32>(o, kPseudoMinimum)))
    OPERATOR(f32x4_pmax, (map2<f32>(o, kPseudoMaximum)))
    OPERATOR(f64x2_splat, (splat<u64>(o)))
    OPERATOR(f64x2_extract_lane, (extract<u64, u64>(o, instruction.lane)))
    OPERATOR(f64x2_replace_lane, (replace<u64>(o, instruction.lane)))
    OPERATOR(f64x2_eq, (compare<f64>(o, kEqual)))
    OPERATOR(f64x2_ne, (compare<f64>(o, kUnequal)))
    OPERATOR(f64x2_lt, (compare<f64>(o, kLess)))
    OPERATOR(f64x2_gt, (compare<f64>(o, kGreater)))
    OPERATOR(f64x2_le, (compare<f64>(o, kLessOrEqual)))
    OPERATOR(f64x2_ge, (compare<f64>(o, kGreaterOrEqual)))
    OPERATOR(f64x2_ceil, (map<f64>(o, kCeil)))
    OPERATOR(f64x2_floor, (map<f64>(o, kFloor)))
    OPERATOR(f64x2_trunc, (map<f64>(o, kTrunc)))
    OPERATOR(f64x2_nearest, (map<f64>(o, kNearest)))
    OPERATOR(f64x2_sqrt, (map<f64>(o, kRoot)))
    OPERATOR(f64x2_abs, (map<u64>(o, kFloatAbsolute<u64>)))
    OPERATOR(f64x2_neg, (map<u64>(o, kFloatNegate<u64>)))
    OPERATOR(f64x2_add, (map2<f64>(o, kFloatAdd)))
    OPERATOR(f64x2_sub, (map2<f64>(o, kFloatSubtract)))
    OPERATOR(f64x2_mul, (map2<f64>(o, kFloatMultiply)))
    OPERATOR(f64x2_div, (map2<f64>(o, kFloatDivide)))
    OPERATOR(f64x2_min, (map2<f64>(o, kMinimum)))
    OPERATOR(f64x2_max, (map2<f64>(o, kMaximum)))
    OPERATOR(f64x2_pmin, (map2<f64>(o, kPseudoMinimum)))
    OPERATOR(f64x2_pmax, (map2<f64>(o, kPseudoMaximum)))
    OPERATOR(f32x4_demote_f64x2_zero, (convert<f64, f32>(o, kDemote)))
    OPERATOR(f64x2_promote_low_f32x4, (convert<f32, f64>(o, kCanonical)))
    OPERATOR(i32x4_trunc_sat_f32x4_s, (convert<f32, s32>(o, kSaturate<s32>)))
    OPERATOR(i32x4_trunc_sat_f64x2_s_zero, (convert<f64, s32>(o, kSaturate<s32>)))
    OPERATOR(f32x4_convert_i32x4_s, (convert<s32, f32>(o, kSame)))
    OPERATOR(f64x2_convert_low_i32x4_s, (convert<s32, f64>(o, kSame)))
    OPERATOR(i32x4_trunc_sat_f32x4_u, (convert<f32, u32>(o, kSaturate<u32>)))
    OPERATOR(i32x4_trunc_sat_f64x2_u_zero, (convert<f64, u32>(o, kSaturate<u32>)))
    OPERATOR(f32x4_convert_i32x4_u, (convert<u32, f32>(o, kSame)))
    OPERATOR(f64x2_convert_low_i32x4_u, (convert<u32, f64>(o, kSame)))
    default:
      return false;
  }
}
#undef OPERATOR

}  // namespace slack::reference

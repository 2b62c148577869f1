// Vectors: integer arithmetic, and the operators between shapes of integers.
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/IntrinsicsX86.h>

#include <numeric>

#include "jit/llvm/lower_simd.hpp"

namespace slack::jit {

using wasm::Operator;

void VectorLowering::binary(llvm::Instruction::BinaryOps operation, Shape shape) {
  auto* right = pop(shape);
  push(builder_.CreateBinOp(operation, pop(shape), right));
}

void VectorLowering::call_binary(unsigned id, Shape shape) {
  auto* right = pop(shape);
  push(intrinsic(id, {pop(shape), right}));
}

// The count is taken modulo the width of a lane.
void VectorLowering::shift(llvm::Instruction::BinaryOps operation, Shape shape) {
  auto* count = builder_.CreateAnd(pop(), builder_.getInt32(shape.lane_bits - 1));
  push(builder_.CreateBinOp(operation, pop(shape), splat(count, shape)));
}

// (left + right + 1) / 2 in twice the width: LLVM knows PAVGB and PAVGW by this form.
void VectorLowering::average(Shape shape) {
  auto* wide = llvm::FixedVectorType::get(builder_.getIntNTy(2 * shape.lane_bits), shape.lanes());
  auto* right = builder_.CreateZExt(pop(shape), wide);
  auto* left = builder_.CreateZExt(pop(shape), wide);
  auto* one = llvm::ConstantInt::get(wide, 1);
  auto* sum = builder_.CreateAdd(builder_.CreateAdd(left, right, "", true, true), one, "", true, true);
  push(builder_.CreateTrunc(builder_.CreateLShr(sum, one), type_of(shape)));
}

// PMULHRSW rounds as specified and differs in one case only: -1 times -1 overflows to -1 where it should saturate.
void VectorLowering::multiply_q15() {
  const Shape shape{16, false};
  auto* right = pop(shape);
  auto* product = instruction_of(llvm::Intrinsic::x86_ssse3_pmul_hr_sw_128, {pop(shape), right});
  auto* overflow = builder_.CreateICmpEQ(product, splat(builder_.getInt16(0x8000), shape));
  push(builder_.CreateXor(product, builder_.CreateSExt(overflow, type_of(shape))));
}

void VectorLowering::narrow(unsigned id, Shape shape) {
  const Shape wide{2 * shape.lane_bits, false};
  auto* right = pop(wide);
  push(instruction_of(id, {pop(wide), right}));
}

// Half of the lanes of `value`, which is of the shape with lanes half as wide, in `shape`.
llvm::Value* VectorLowering::extended_half(llvm::Value* value, Shape shape, bool high, bool is_signed) {
  llvm::SmallVector<int, 8> lanes(shape.lanes());
  std::iota(lanes.begin(), lanes.end(), high ? static_cast<int>(shape.lanes()) : 0);
  auto* half = builder_.CreateShuffleVector(value, lanes);
  return is_signed ? builder_.CreateSExt(half, type_of(shape)) : builder_.CreateZExt(half, type_of(shape));
}

void VectorLowering::extend(Shape shape, bool high, bool is_signed) {
  push(extended_half(pop(shape.half()), shape, high, is_signed));
}

void VectorLowering::extended_multiply(Shape shape, bool high, bool is_signed) {
  auto* right = extended_half(pop(shape.half()), shape, high, is_signed);
  auto* left = extended_half(pop(shape.half()), shape, high, is_signed);
  push(builder_.CreateMul(left, right));
}

// Each pair of lanes is one lane of the result, whose halves shifts extend in place.
void VectorLowering::add_pairs(Shape shape, bool is_signed) {
  auto* pairs = pop(shape);
  const std::uint64_t half = shape.lane_bits / 2;
  auto* even = builder_.CreateShl(pairs, half);
  even = is_signed ? builder_.CreateAShr(even, half) : builder_.CreateLShr(even, half);
  auto* odd = is_signed ? builder_.CreateAShr(pairs, half) : builder_.CreateLShr(pairs, half);
  push(builder_.CreateAdd(even, odd));
}

bool VectorLowering::lower_integer(const wasm::Instruction& instruction) {
  using llvm::Instruction;
  namespace Intrinsic = llvm::Intrinsic;
  const auto shape = shape_of(instruction.op);
  switch (instruction.op) {
    case Operator::i8x16_abs:
    case Operator::i16x8_abs:
    case Operator::i32x4_abs:
    case Operator::i64x2_abs:
      push(builder_.CreateBinaryIntrinsic(Intrinsic::abs, pop(shape), builder_.getFalse()));  // of the least: itself
      return true;
    case Operator::i8x16_neg:
    case Operator::i16x8_neg:
    case Operator::i32x4_neg:
    case Operator::i64x2_neg:
      push(builder_.CreateNeg(pop(shape)));
      return true;
    case Operator::i8x16_popcnt:
      push(intrinsic(Intrinsic::ctpop, {pop(shape)}));
      return true;
    case Operator::i8x16_shl:
    case Operator::i16x8_shl:
    case Operator::i32x4_shl:
    case Operator::i64x2_shl:
      shift(Instruction::Shl, shape);
      return true;
    case Operator::i8x16_shr_s:
    case Operator::i16x8_shr_s:
    case Operator::i32x4_shr_s:
    case Operator::i64x2_shr_s:
      shift(Instruction::AShr, shape);
      return true;
    case Operator::i8x16_shr_u:
    case Operator::i16x8_shr_u:
    case Operator::i32x4_shr_u:
    case Operator::i64x2_shr_u:
      shift(Instruction::LShr, shape);
      return true;
    case Operator::i8x16_add:
    case Operator::i16x8_add:
    case Operator::i32x4_add:
    case Operator::i64x2_add:
      binary(Instruction::Add, shape);
      return true;
    case Operator::i8x16_sub:
    case Operator::i16x8_sub:
    case Operator::i32x4_sub:
    case Operator::i64x2_sub:
      binary(Instruction::Sub, shape);
      return true;
    case Operator::i16x8_mul:
    case Operator::i32x4_mul:
    case Operator::i64x2_mul:
      binary(Instruction::Mul, shape);
      return true;
    case Operator::i8x16_add_sat_s:
    case Operator::i16x8_add_sat_s:
      call_binary(Intrinsic::sadd_sat, shape);
      return true;
    case Operator::i8x16_add_sat_u:
    case Operator::i16x8_add_sat_u:
      call_binary(Intrinsic::uadd_sat, shape);
      return true;
    case Operator::i8x16_sub_sat_s:
    case Operator::i16x8_sub_sat_s:
      call_binary(Intrinsic::ssub_sat, shape);
      return true;
    case Operator::i8x16_sub_sat_u:
    case Operator::i16x8_sub_sat_u:
      call_binary(Intrinsic::usub_sat, shape);
      return true;
    case Operator::i8x16_min_s:
    case Operator::i16x8_min_s:
    case Operator::i32x4_min_s:
      call_binary(Intrinsic::smin, shape);
      return true;
    case Operator::i8x16_min_u:
    case Operator::i16x8_min_u:
    case Operator::i32x4_min_u:
      call_binary(Intrinsic::umin, shape);
      return true;
    case Operator::i8x16_max_s:
    case Operator::i16x8_max_s:
    case Operator::i32x4_max_s:
      call_binary(Intrinsic::smax, shape);
      return true;
    case Operator::i8x16_max_u:
    case Operator::i16x8_max_u:
    case Operator::i32x4_max_u:
      call_binary(Intrinsic::umax, shape);
      return true;
    case Operator::i8x16_avgr_u:
    case Operator::i16x8_avgr_u:
      average(shape);
      return true;
    case Operator::i16x8_q15mulr_sat_s:
      multiply_q15();
      return true;
    case Operator::i32x4_dot_i16x8_s: {
      auto* right = pop(shape.half());
      push(instruction_of(Intrinsic::x86_sse2_pmadd_wd, {pop(shape.half()), right}));
      return true;
    }
    default:
      return false;
  }
}

bool VectorLowering::lower_widening(const wasm::Instruction& instruction) {
  namespace Intrinsic = llvm::Intrinsic;
  const auto shape = shape_of(instruction.op);
  switch (instruction.op) {
    case Operator::i8x16_narrow_i16x8_s:
      narrow(Intrinsic::x86_sse2_packsswb_128, shape);
      return true;
    case Operator::i8x16_narrow_i16x8_u:
      narrow(Intrinsic::x86_sse2_packuswb_128, shape);
      return true;
    case Operator::i16x8_narrow_i32x4_s:
      narrow(Intrinsic::x86_sse2_packssdw_128, shape);
      return true;
    case Operator::i16x8_narrow_i32x4_u:
      narrow(Intrinsic::x86_sse41_packusdw, shape);
      return true;
    case Operator::i16x8_extend_low_i8x16_s:
    case Operator::i32x4_extend_low_i16x8_s:
    case Operator::i64x2_extend_low_i32x4_s:
      extend(shape, false, true);
      return true;
    case Operator::i16x8_extend_high_i8x16_s:
    case Operator::i32x4_extend_high_i16x8_s:
    case Operator::i64x2_extend_high_i32x4_s:
      extend(shape, true, true);
      return true;
    case Operator::i16x8_extend_low_i8x16_u:
    case Operator::i32x4_extend_low_i16x8_u:
    case Operator::i64x2_extend_low_i32x4_u:
      extend(shape, false, false);
      return true;
    case Operator::i16x8_extend_high_i8x16_u:
    case Operator::i32x4_extend_high_i16x8_u:
    case Operator::i64x2_extend_high_i32x4_u:
      extend(shape, true, false);
      return true;
    case Operator::i16x8_extmul_low_i8x16_s:
    case Operator::i32x4_extmul_low_i16x8_s:
    case Operator::i64x2_extmul_low_i32x4_s:
      extended_multiply(shape, false, true);
      return true;
    case Operator::i16x8_extmul_high_i8x16_s:
    case Operator::i32x4_extmul_high_i16x8_s:
    case Operator::i64x2_extmul_high_i32x4_s:
      extended_multiply(shape, true, true);
      return true;
    case Operator::i16x8_extmul_low_i8x16_u:
    case Operator::i32x4_extmul_low_i16x8_u:
    case Operator::i64x2_extmul_low_i32x4_u:
      extended_multiply(shape, false, false);
      return true;
    case Operator::i16x8_extmul_high_i8x16_u:
    case Operator::i32x4_extmul_high_i16x8_u:
    case Operator::i64x2_extmul_high_i32x4_u:
      extended_multiply(shape, true, false);
      return true;
    case Operator::i16x8_extadd_pairwise_i8x16_s:
    case Operator::i32x4_extadd_pairwise_i16x8_s:
      add_pairs(shape, true);
      return true;
    case Operator::i16x8_extadd_pairwise_i8x16_u:
    case Operator::i32x4_extadd_pairwise_i16x8_u:
      add_pairs(shape, false);
      return true;
    default:
      return false;
  }
}

}  // namespace slack::jit

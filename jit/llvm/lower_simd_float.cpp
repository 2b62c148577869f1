// Vectors: floating-point arithmetic and conversions. Lane by lane the rules are those of lower_float.cpp.
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/IntrinsicsX86.h>

#include "jit/llvm/lower_simd.hpp"
#include "jit/llvm/quiet_nan.hpp"

namespace slack::jit {

using wasm::Operator;

// The positive canonical NaN in all lanes.
llvm::Constant* VectorLowering::canonical_nan(llvm::Type* type) {
  return llvm::ConstantFP::get(type, llvm::APFloat::getQNaN(type->getScalarType()->getFltSemantics()));
}

// What an operator that does arithmetic results in.
llvm::Value* VectorLowering::arithmetic(llvm::Value* result) {
  if (!canonical_nans_) return keep_quiet(builder_, result);
  return builder_.CreateSelect(builder_.CreateFCmpUNO(result, result), canonical_nan(result->getType()), result);
}

void VectorLowering::float_binary(llvm::Instruction::BinaryOps operation, Shape shape) {
  auto* right = pop(shape);
  auto* left = pop(shape);
  push(arithmetic(builder_.CreateBinOp(operation, left, right)));
}

// MINPS and its kin: `left` where it is less (greater), else `right`, which is so for equal and unordered operands too.
llvm::Value* VectorLowering::pick(bool maximum, llvm::Value* left, llvm::Value* right) {
  namespace Intrinsic = llvm::Intrinsic;
  const bool is_double = left->getType()->getScalarType()->isDoubleTy();
  const auto of_floats = maximum ? Intrinsic::x86_sse_max_ps : Intrinsic::x86_sse_min_ps;
  const auto of_doubles = maximum ? Intrinsic::x86_sse2_max_pd : Intrinsic::x86_sse2_min_pd;
  return instruction_of(is_double ? of_doubles : of_floats, {left, right});
}

// Picked from both ways, the answers differ only for zeros of different sign, of which `or` and `and` of the bits make
// the smaller and the larger, and for NaN, for which the specification takes the canonical one in every case.
void VectorLowering::minimum_or_maximum(bool maximum, Shape shape) {
  auto* right = pop(shape);
  auto* left = pop(shape);
  auto* bits_type = type_of({shape.lane_bits, false});
  auto* one_way = builder_.CreateBitCast(pick(maximum, left, right), bits_type);
  auto* other_way = builder_.CreateBitCast(pick(maximum, right, left), bits_type);
  auto* bits = maximum ? builder_.CreateAnd(one_way, other_way) : builder_.CreateOr(one_way, other_way);
  push(builder_.CreateSelect(builder_.CreateFCmpUNO(left, right), canonical_nan(type_of(shape)),
                             builder_.CreateBitCast(bits, type_of(shape))));
}

bool VectorLowering::lower_float(const wasm::Instruction& instruction) {
  using llvm::Instruction;
  namespace Intrinsic = llvm::Intrinsic;
  const auto shape = shape_of(instruction.op);
  switch (instruction.op) {
    case Operator::f32x4_abs:
    case Operator::f64x2_abs:
      push(intrinsic(Intrinsic::fabs, {pop(shape)}));
      return true;
    case Operator::f32x4_neg:
    case Operator::f64x2_neg:
      push(builder_.CreateFNeg(pop(shape)));
      return true;
    case Operator::f32x4_ceil:
    case Operator::f64x2_ceil:
      push(arithmetic(intrinsic(Intrinsic::ceil, {pop(shape)})));
      return true;
    case Operator::f32x4_floor:
    case Operator::f64x2_floor:
      push(arithmetic(intrinsic(Intrinsic::floor, {pop(shape)})));
      return true;
    case Operator::f32x4_trunc:
    case Operator::f64x2_trunc:
      push(arithmetic(intrinsic(Intrinsic::trunc, {pop(shape)})));
      return true;
    case Operator::f32x4_nearest:
    case Operator::f64x2_nearest:
      push(arithmetic(intrinsic(Intrinsic::roundeven, {pop(shape)})));
      return true;
    case Operator::f32x4_sqrt:
    case Operator::f64x2_sqrt:
      push(arithmetic(intrinsic(Intrinsic::sqrt, {pop(shape)})));
      return true;
    case Operator::f32x4_add:
    case Operator::f64x2_add:
      float_binary(Instruction::FAdd, shape);
      return true;
    case Operator::f32x4_sub:
    case Operator::f64x2_sub:
      float_binary(Instruction::FSub, shape);
      return true;
    case Operator::f32x4_mul:
    case Operator::f64x2_mul:
      float_binary(Instruction::FMul, shape);
      return true;
    case Operator::f32x4_div:
    case Operator::f64x2_div:
      float_binary(Instruction::FDiv, shape);
      return true;
    case Operator::f32x4_min:
    case Operator::f64x2_min:
      minimum_or_maximum(false, shape);
      return true;
    case Operator::f32x4_max:
    case Operator::f64x2_max:
      minimum_or_maximum(true, shape);
      return true;
    // `right < left ? right : left`, bits and all: a NaN comes out as it went in.
    case Operator::f32x4_pmin:
    case Operator::f64x2_pmin:
    case Operator::f32x4_pmax:
    case Operator::f64x2_pmax: {
      const bool maximum = instruction.op == Operator::f32x4_pmax || instruction.op == Operator::f64x2_pmax;
      auto* right = pop(shape);
      push(pick(maximum, right, pop(shape)));
      return true;
    }
    default:
      return false;
  }
}

// The first half of the lanes.
llvm::Value* VectorLowering::low_half(llvm::Value* value) {
  const auto lanes = llvm::cast<llvm::FixedVectorType>(value->getType())->getNumElements() / 2;
  llvm::SmallVector<int, 8> picked;
  for (unsigned i = 0; i < lanes; ++i) picked.push_back(static_cast<int>(i));
  return builder_.CreateShuffleVector(value, picked);
}

// CVTTPS2DQ answers 0x80000000 for NaN and for what no i32 holds. That is the least i32, right where the number is too
// small; all ones flipped it is the greatest, for numbers too large; and NaN is made 0 before.
//
// Unsigned numbers go through it twice: as they are, and less 2^31 with negative results made 0. Below 2^31 the second
// answer is 0; from there on the first is 0x80000000, and their sum right up to the saturated second one.
void VectorLowering::truncate_floats(bool is_signed) {
  const Shape floats{32, true};
  const Shape integers{32, false};
  auto* type = type_of(floats);
  auto* bound = llvm::ConstantFP::get(type, 0x1p31);
  auto* zero = llvm::ConstantFP::get(type, 0.0);
  auto* value = pop(floats);
  const auto convert = [&](llvm::Value* from) {
    auto* converted = instruction_of(llvm::Intrinsic::x86_sse2_cvttps2dq, {from});
    auto* too_large = builder_.CreateSExt(builder_.CreateFCmpOGE(from, bound), type_of(integers));
    return builder_.CreateXor(converted, too_large);
  };
  if (is_signed) {
    push(convert(builder_.CreateSelect(builder_.CreateFCmpORD(value, value), value, zero)));
    return;
  }
  value = pick(true, value, zero);
  auto* none = llvm::Constant::getNullValue(type_of(integers));
  auto* upper = intrinsic(llvm::Intrinsic::smax, {convert(builder_.CreateFSub(value, bound)), none});
  auto* lower = instruction_of(llvm::Intrinsic::x86_sse2_cvttps2dq, {value});
  push(builder_.CreateAdd(lower, upper));
}

// The bounds are doubles themselves, so that the value can be clamped first; CVTTPD2DQ answers the least i32 for what
// is smaller, which is right too. An unsigned one stands, after 2^52 is added to it, in the low bits of the sum.
void VectorLowering::truncate_doubles(bool is_signed) {
  const Shape doubles{64, true};
  auto* type = type_of(doubles);
  auto* zero = llvm::ConstantFP::get(type, 0.0);
  auto* value = pop(doubles);
  value =
      is_signed ? builder_.CreateSelect(builder_.CreateFCmpORD(value, value), value, zero) : pick(true, value, zero);
  auto* most = llvm::ConstantFP::get(type, is_signed ? 0x1p31 - 1 : 0x1p32 - 1);
  value = pick(false, value, most);
  if (is_signed) {
    push(instruction_of(llvm::Intrinsic::x86_sse2_cvttpd2dq, {value}));
    return;
  }
  auto* sum = builder_.CreateFAdd(intrinsic(llvm::Intrinsic::trunc, {value}), llvm::ConstantFP::get(type, 0x1p52));
  auto* words = builder_.CreateBitCast(sum, type_of({32, false}));
  push(builder_.CreateShuffleVector(words, llvm::Constant::getNullValue(words->getType()), {0, 2, 4, 5}));
}

bool VectorLowering::lower_conversion(const wasm::Instruction& instruction) {
  const auto shape = shape_of(instruction.op);
  const Shape words{32, false};
  switch (instruction.op) {
    case Operator::f32x4_demote_f64x2_zero: {
      auto* half = llvm::FixedVectorType::get(builder_.getFloatTy(), 2);
      auto* demoted = arithmetic(builder_.CreateFPTrunc(pop({64, true}), half));
      push(builder_.CreateShuffleVector(demoted, llvm::Constant::getNullValue(half), {0, 1, 2, 3}));
      return true;
    }
    case Operator::f64x2_promote_low_f32x4:
      push(arithmetic(builder_.CreateFPExt(low_half(pop({32, true})), type_of(shape))));
      return true;
    case Operator::i32x4_trunc_sat_f32x4_s:
      truncate_floats(true);
      return true;
    case Operator::i32x4_trunc_sat_f32x4_u:
      truncate_floats(false);
      return true;
    case Operator::i32x4_trunc_sat_f64x2_s_zero:
      truncate_doubles(true);
      return true;
    case Operator::i32x4_trunc_sat_f64x2_u_zero:
      truncate_doubles(false);
      return true;
    case Operator::f32x4_convert_i32x4_s:
      push(builder_.CreateSIToFP(pop(words), type_of(shape)));
      return true;
    case Operator::f32x4_convert_i32x4_u:
      push(builder_.CreateUIToFP(pop(words), type_of(shape)));
      return true;
    case Operator::f64x2_convert_low_i32x4_s:
      push(builder_.CreateSIToFP(low_half(pop(words)), type_of(shape)));
      return true;
    case Operator::f64x2_convert_low_i32x4_u:
      push(builder_.CreateUIToFP(low_half(pop(words)), type_of(shape)));
      return true;
    default:
      return false;
  }
}

}  // namespace slack::jit

// Vectors: constants, lanes, bit patterns and comparisons.
#include "jit/llvm/lower_simd.hpp"

#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/IntrinsicsX86.h>

#include <numeric>

#include "jit/wasm/operator_table.hpp"

namespace slack::jit {

using wasm::Operator;
using Predicate = llvm::CmpInst::Predicate;

Shape shape_of(Operator op) {
  const auto name = wasm::name_of(op);
  return {wasm::detail::leading_number(name.substr(1)), name.front() == 'f'};
}

bool VectorLowering::lower(const wasm::Instruction& instruction) {
  return lower_lane(instruction) || lower_bits(instruction) || lower_comparison(instruction) ||
         lower_integer(instruction) || lower_widening(instruction) || lower_float(instruction) ||
         lower_conversion(instruction);
}

llvm::FixedVectorType* VectorLowering::type_of(Shape shape) const {
  llvm::Type* lane = builder_.getIntNTy(shape.lane_bits);
  if (shape.is_float) lane = shape.lane_bits == 32 ? builder_.getFloatTy() : builder_.getDoubleTy();
  return llvm::FixedVectorType::get(lane, shape.lanes());
}

llvm::Value* VectorLowering::pop() {
  auto* value = stack_.back();
  stack_.pop_back();
  return value;
}

llvm::Value* VectorLowering::pop(Shape shape) { return builder_.CreateBitCast(pop(), type_of(shape)); }

void VectorLowering::push(llvm::Value* value) {
  stack_.push_back(value->getType()->isVectorTy() ? builder_.CreateBitCast(value, type_of({64, false})) : value);
}

// The low bits of an i32 are what lanes narrower than that take.
llvm::Value* VectorLowering::splat(llvm::Value* scalar, Shape shape) {
  auto* lane = type_of(shape)->getElementType();
  if (scalar->getType() != lane) scalar = builder_.CreateZExtOrTrunc(scalar, lane);
  return builder_.CreateVectorSplat(shape.lanes(), scalar);
}

llvm::Value* VectorLowering::instruction_of(unsigned id, llvm::ArrayRef<llvm::Value*> operands) {
  return builder_.CreateIntrinsic(static_cast<llvm::Intrinsic::ID>(id), {}, operands);
}

llvm::Value* VectorLowering::intrinsic(unsigned id, llvm::ArrayRef<llvm::Value*> operands) {
  return builder_.CreateIntrinsic(static_cast<llvm::Intrinsic::ID>(id), {operands.front()->getType()}, operands);
}

bool VectorLowering::lower_lane(const wasm::Instruction& instruction) {
  const auto shape = shape_of(instruction.op);
  switch (instruction.op) {
    case Operator::v128_const:
      push(llvm::ConstantDataVector::get(builder_.getContext(), llvm::ArrayRef({instruction.low, instruction.high})));
      return true;
    case Operator::i8x16_shuffle:
      shuffle(instruction);
      return true;
    case Operator::i8x16_swizzle:
      swizzle();
      return true;
    case Operator::i8x16_splat:
    case Operator::i16x8_splat:
    case Operator::i32x4_splat:
    case Operator::i64x2_splat:
    case Operator::f32x4_splat:
    case Operator::f64x2_splat:
      push(splat(pop(), shape));
      return true;
    case Operator::i8x16_extract_lane_s:
    case Operator::i16x8_extract_lane_s:
      push(builder_.CreateSExt(builder_.CreateExtractElement(pop(shape), instruction.lane), builder_.getInt32Ty()));
      return true;
    case Operator::i8x16_extract_lane_u:
    case Operator::i16x8_extract_lane_u:
      push(builder_.CreateZExt(builder_.CreateExtractElement(pop(shape), instruction.lane), builder_.getInt32Ty()));
      return true;
    case Operator::i32x4_extract_lane:
    case Operator::i64x2_extract_lane:
    case Operator::f32x4_extract_lane:
    case Operator::f64x2_extract_lane:
      push(builder_.CreateExtractElement(pop(shape), instruction.lane));
      return true;
    case Operator::i8x16_replace_lane:
    case Operator::i16x8_replace_lane:
    case Operator::i32x4_replace_lane:
    case Operator::i64x2_replace_lane:
    case Operator::f32x4_replace_lane:
    case Operator::f64x2_replace_lane: {
      auto* scalar = pop();
      auto* lane = type_of(shape)->getElementType();
      if (scalar->getType() != lane) scalar = builder_.CreateTrunc(scalar, lane);
      push(builder_.CreateInsertElement(pop(shape), scalar, instruction.lane));
      return true;
    }
    default:
      return false;
  }
}

void VectorLowering::shuffle(const wasm::Instruction& instruction) {
  const llvm::SmallVector<int, 16> lanes(std::begin(instruction.lanes), std::end(instruction.lanes));
  auto* right = pop({8, false});
  auto* left = pop({8, false});
  push(builder_.CreateShuffleVector(left, right, lanes));
}

// PSHUFB answers 0 where bit 7 of the index is set, else takes its low four bits: adding 0x70 with saturation sets the
// bit for every index of 16 and more, and leaves the four bits of the others.
void VectorLowering::swizzle() {
  const Shape bytes{8, false};
  auto* index = pop(bytes);
  auto* value = pop(bytes);
  index = intrinsic(llvm::Intrinsic::uadd_sat, {index, splat(builder_.getInt8(0x70), bytes)});
  push(instruction_of(llvm::Intrinsic::x86_ssse3_pshuf_b_128, {value, index}));
}

bool VectorLowering::lower_bits(const wasm::Instruction& instruction) {
  const auto shape = shape_of(instruction.op);
  switch (instruction.op) {
    case Operator::v128_not:
      push(builder_.CreateNot(pop()));
      return true;
    case Operator::v128_and: {
      auto* right = pop();
      push(builder_.CreateAnd(pop(), right));
      return true;
    }
    case Operator::v128_andnot: {
      auto* right = pop();
      push(builder_.CreateAnd(pop(), builder_.CreateNot(right)));
      return true;
    }
    case Operator::v128_or: {
      auto* right = pop();
      push(builder_.CreateOr(pop(), right));
      return true;
    }
    case Operator::v128_xor: {
      auto* right = pop();
      push(builder_.CreateXor(pop(), right));
      return true;
    }
    case Operator::v128_bitselect: {
      auto* mask = pop();
      auto* otherwise = pop();
      auto* then = pop();
      push(builder_.CreateOr(builder_.CreateAnd(then, mask), builder_.CreateAnd(otherwise, builder_.CreateNot(mask))));
      return true;
    }
    case Operator::v128_any_true: {
      auto* bits = builder_.CreateBitCast(pop(), builder_.getInt128Ty());
      push(builder_.CreateZExt(builder_.CreateIsNotNull(bits), builder_.getInt32Ty()));
      return true;
    }
    case Operator::i8x16_all_true:
    case Operator::i16x8_all_true:
    case Operator::i32x4_all_true:
    case Operator::i64x2_all_true: {
      auto* zeros = builder_.CreateSExt(builder_.CreateIsNull(pop(shape)), type_of(shape));
      auto* bits = builder_.CreateBitCast(zeros, builder_.getInt128Ty());
      push(builder_.CreateZExt(builder_.CreateIsNull(bits), builder_.getInt32Ty()));
      return true;
    }
    case Operator::i8x16_bitmask:
    case Operator::i16x8_bitmask:
    case Operator::i32x4_bitmask:
    case Operator::i64x2_bitmask: {
      auto* negative = builder_.CreateIsNeg(pop(shape));
      auto* bits = builder_.CreateBitCast(negative, builder_.getIntNTy(shape.lanes()));
      push(builder_.CreateZExt(bits, builder_.getInt32Ty()));
      return true;
    }
    default:
      return false;
  }
}

void VectorLowering::compare(Predicate predicate, Shape shape) {
  auto* right = pop(shape);
  auto* left = pop(shape);
  push(builder_.CreateSExt(builder_.CreateCmp(predicate, left, right), type_of({shape.lane_bits, false})));
}

bool VectorLowering::lower_comparison(const wasm::Instruction& instruction) {
  const auto shape = shape_of(instruction.op);
  const auto is = [&](Predicate predicate) {
    compare(predicate, shape);
    return true;
  };
  switch (instruction.op) {
    case Operator::i8x16_eq:
    case Operator::i16x8_eq:
    case Operator::i32x4_eq:
    case Operator::i64x2_eq:
      return is(Predicate::ICMP_EQ);
    case Operator::i8x16_ne:
    case Operator::i16x8_ne:
    case Operator::i32x4_ne:
    case Operator::i64x2_ne:
      return is(Predicate::ICMP_NE);
    case Operator::i8x16_lt_s:
    case Operator::i16x8_lt_s:
    case Operator::i32x4_lt_s:
    case Operator::i64x2_lt_s:
      return is(Predicate::ICMP_SLT);
    case Operator::i8x16_lt_u:
    case Operator::i16x8_lt_u:
    case Operator::i32x4_lt_u:
      return is(Predicate::ICMP_ULT);
    case Operator::i8x16_gt_s:
    case Operator::i16x8_gt_s:
    case Operator::i32x4_gt_s:
    case Operator::i64x2_gt_s:
      return is(Predicate::ICMP_SGT);
    case Operator::i8x16_gt_u:
    case Operator::i16x8_gt_u:
    case Operator::i32x4_gt_u:
      return is(Predicate::ICMP_UGT);
    case Operator::i8x16_le_s:
    case Operator::i16x8_le_s:
    case Operator::i32x4_le_s:
    case Operator::i64x2_le_s:
      return is(Predicate::ICMP_SLE);
    case Operator::i8x16_le_u:
    case Operator::i16x8_le_u:
    case Operator::i32x4_le_u:
      return is(Predicate::ICMP_ULE);
    case Operator::i8x16_ge_s:
    case Operator::i16x8_ge_s:
    case Operator::i32x4_ge_s:
    case Operator::i64x2_ge_s:
      return is(Predicate::ICMP_SGE);
    case Operator::i8x16_ge_u:
    case Operator::i16x8_ge_u:
    case Operator::i32x4_ge_u:
      return is(Predicate::ICMP_UGE);
    case Operator::f32x4_eq:
    case Operator::f64x2_eq:
      return is(Predicate::FCMP_OEQ);
    case Operator::f32x4_ne:
    case Operator::f64x2_ne:
      return is(Predicate::FCMP_UNE);
    case Operator::f32x4_lt:
    case Operator::f64x2_lt:
      return is(Predicate::FCMP_OLT);
    case Operator::f32x4_gt:
    case Operator::f64x2_gt:
      return is(Predicate::FCMP_OGT);
    case Operator::f32x4_le:
    case Operator::f64x2_le:
      return is(Predicate::FCMP_OLE);
    case Operator::f32x4_ge:
    case Operator::f64x2_ge:
      return is(Predicate::FCMP_OGE);
    default:
      return false;
  }
}

}  // namespace slack::jit

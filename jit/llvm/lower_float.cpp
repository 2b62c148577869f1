// Floating-point operators. No fast-math flag anywhere: results are those of IEEE 754 and of the specification's
// rules for NaNs.
#include <llvm/IR/Intrinsics.h>

#include "jit/llvm/function_lowering.hpp"
#include "jit/llvm/quiet_nan.hpp"

namespace slack::jit {

using wasm::Operator;
using Predicate = llvm::CmpInst::Predicate;

namespace {

llvm::Constant* float_constant(llvm::Type* type, std::uint64_t bits) {
  const auto width = type->getPrimitiveSizeInBits().getFixedValue();
  return llvm::ConstantFP::get(type->getContext(), llvm::APFloat(type->getFltSemantics(), llvm::APInt(width, bits)));
}

}  // namespace

// What an operator that does arithmetic results in, a vector's elements too: never a signalling NaN, and in
// deterministic mode no other than the positive canonical one.
llvm::Value* FunctionLowering::arithmetic(llvm::Value* result) {
  if (!environment_.options().canonical_nans) return keep_quiet(builder_, result);
  const auto& semantics = result->getType()->getScalarType()->getFltSemantics();
  auto* nan = llvm::ConstantFP::get(result->getType(), llvm::APFloat::getQNaN(semantics));
  return builder_.CreateSelect(builder_.CreateFCmpUNO(result, result), nan, result);
}

void FunctionLowering::float_binary(llvm::Instruction::BinaryOps operation) {
  auto* right = pop();
  auto* left = pop();
  push(arithmetic(builder_.CreateBinOp(operation, left, right)));
}

void FunctionLowering::float_unary(unsigned intrinsic_id) { push(arithmetic(intrinsic(intrinsic_id, {pop()}))); }

// Equal operands differ at most in the sign of zero, which `or` and `and` of the bits decide; a NaN comes quiet out of
// an addition.
void FunctionLowering::minimum_or_maximum(bool maximum) {
  auto* right = pop();
  auto* left = pop();
  auto* type = left->getType();
  auto* bits_type = builder_.getIntNTy(type->isDoubleTy() ? 64 : 32);
  auto* left_bits = builder_.CreateBitCast(left, bits_type);
  auto* right_bits = builder_.CreateBitCast(right, bits_type);
  auto* of_equals = builder_.CreateBitCast(
      maximum ? builder_.CreateAnd(left_bits, right_bits) : builder_.CreateOr(left_bits, right_bits), type);
  auto* in_order = maximum ? builder_.CreateFCmpOGT(left, right) : builder_.CreateFCmpOLT(left, right);
  auto* picked = builder_.CreateSelect(in_order, left, right);
  picked = builder_.CreateSelect(builder_.CreateFCmpOEQ(left, right), of_equals, picked);
  auto* nan = arithmetic(builder_.CreateFAdd(left, right));
  push(builder_.CreateSelect(builder_.CreateFCmpUNO(left, right), nan, picked));
}

// These work on the bits alone: a NaN keeps its payload.
void FunctionLowering::float_sign(const wasm::Instruction& instruction) {
  auto* right = pop();
  switch (instruction.op) {
    case Operator::f32_abs:
    case Operator::f64_abs:
      push(intrinsic(llvm::Intrinsic::fabs, {right}));
      return;
    case Operator::f32_neg:
    case Operator::f64_neg:
      push(builder_.CreateFNeg(right));
      return;
    default: {
      auto* left = pop();
      push(intrinsic(llvm::Intrinsic::copysign, {left, right}));
      return;
    }
  }
}

bool FunctionLowering::lower_float(const wasm::Instruction& instruction) {
  using llvm::Instruction;
  switch (instruction.op) {
    case Operator::f32_const:
      push(float_constant(builder_.getFloatTy(), instruction.low));
      return true;
    case Operator::f64_const:
      push(float_constant(builder_.getDoubleTy(), instruction.low));
      return true;
    case Operator::f32_eq:
    case Operator::f64_eq:
      compare(Predicate::FCMP_OEQ);
      return true;
    case Operator::f32_ne:
    case Operator::f64_ne:
      compare(Predicate::FCMP_UNE);
      return true;
    case Operator::f32_lt:
    case Operator::f64_lt:
      compare(Predicate::FCMP_OLT);
      return true;
    case Operator::f32_gt:
    case Operator::f64_gt:
      compare(Predicate::FCMP_OGT);
      return true;
    case Operator::f32_le:
    case Operator::f64_le:
      compare(Predicate::FCMP_OLE);
      return true;
    case Operator::f32_ge:
    case Operator::f64_ge:
      compare(Predicate::FCMP_OGE);
      return true;
    case Operator::f32_abs:
    case Operator::f64_abs:
    case Operator::f32_neg:
    case Operator::f64_neg:
    case Operator::f32_copysign:
    case Operator::f64_copysign:
      float_sign(instruction);
      return true;
    case Operator::f32_ceil:
    case Operator::f64_ceil:
      float_unary(llvm::Intrinsic::ceil);
      return true;
    case Operator::f32_floor:
    case Operator::f64_floor:
      float_unary(llvm::Intrinsic::floor);
      return true;
    case Operator::f32_trunc:
    case Operator::f64_trunc:
      float_unary(llvm::Intrinsic::trunc);
      return true;
    case Operator::f32_nearest:
    case Operator::f64_nearest:
      float_unary(llvm::Intrinsic::roundeven);
      return true;
    case Operator::f32_sqrt:
    case Operator::f64_sqrt:
      float_unary(llvm::Intrinsic::sqrt);
      return true;
    case Operator::f32_add:
    case Operator::f64_add:
      float_binary(Instruction::FAdd);
      return true;
    case Operator::f32_sub:
    case Operator::f64_sub:
      float_binary(Instruction::FSub);
      return true;
    case Operator::f32_mul:
    case Operator::f64_mul:
      float_binary(Instruction::FMul);
      return true;
    case Operator::f32_div:
    case Operator::f64_div:
      float_binary(Instruction::FDiv);
      return true;
    case Operator::f32_min:
    case Operator::f64_min:
      minimum_or_maximum(false);
      return true;
    case Operator::f32_max:
    case Operator::f64_max:
      minimum_or_maximum(true);
      return true;
    default:
      return false;
  }
}

}  // namespace slack::jit

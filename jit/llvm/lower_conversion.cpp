// Conversions between numeric types.
#include <llvm/IR/Intrinsics.h>

#include "jit/llvm/function_lowering.hpp"

namespace slack::jit {

using wasm::Operator;

// Trapping truncation. The bounds are the nearest floating-point numbers outside the range of the integer type, or,
// where the type cannot hold that number minus one, the least number inside it.
void FunctionLowering::truncate(llvm::Type* to, bool is_signed) {
  auto* value = pop();
  auto* type = value->getType();
  const bool wide = to->isIntegerTy(64);
  const double above = is_signed ? (wide ? 0x1p63 : 0x1p31) : (wide ? 0x1p64 : 0x1p32);
  const bool exact_below = type->isDoubleTy() && !wide;  // -2^31 - 1 is a double, but no float
  const double below = !is_signed ? -1.0 : (wide ? -0x1p63 : (exact_below ? -0x1p31 - 1 : -0x1p31));
  const bool below_is_outside = !is_signed || exact_below;
  trap_if(builder_.CreateFCmpUNO(value, value), Trap::invalid_conversion_to_integer);
  auto* too_low = below_is_outside ? builder_.CreateFCmpOLE(value, llvm::ConstantFP::get(type, below))
                                   : builder_.CreateFCmpOLT(value, llvm::ConstantFP::get(type, below));
  auto* too_high = builder_.CreateFCmpOGE(value, llvm::ConstantFP::get(type, above));
  trap_if(builder_.CreateOr(too_low, too_high), Trap::integer_overflow);
  push(is_signed ? builder_.CreateFPToSI(value, to) : builder_.CreateFPToUI(value, to));
}

void FunctionLowering::truncate_saturating(llvm::Type* to, bool is_signed) {
  auto* value = pop();
  const auto id = is_signed ? llvm::Intrinsic::fptosi_sat : llvm::Intrinsic::fptoui_sat;
  push(builder_.CreateIntrinsic(id, {to, value->getType()}, {value}));
}

void FunctionLowering::extend_in_place(unsigned bits) {
  auto* value = pop();
  push(builder_.CreateSExt(builder_.CreateTrunc(value, builder_.getIntNTy(bits)), value->getType()));
}

bool FunctionLowering::lower_conversion(const wasm::Instruction& instruction) {
  auto* i32 = builder_.getInt32Ty();
  auto* i64 = builder_.getInt64Ty();
  auto* f32 = builder_.getFloatTy();
  auto* f64 = builder_.getDoubleTy();
  switch (instruction.op) {
    case Operator::i32_wrap_i64:
      push(builder_.CreateTrunc(pop(), i32));
      return true;
    case Operator::i64_extend_i32_s:
      push(builder_.CreateSExt(pop(), i64));
      return true;
    case Operator::i64_extend_i32_u:
      push(builder_.CreateZExt(pop(), i64));
      return true;
    case Operator::i32_trunc_f32_s:
    case Operator::i32_trunc_f64_s:
      truncate(i32, true);
      return true;
    case Operator::i32_trunc_f32_u:
    case Operator::i32_trunc_f64_u:
      truncate(i32, false);
      return true;
    case Operator::i64_trunc_f32_s:
    case Operator::i64_trunc_f64_s:
      truncate(i64, true);
      return true;
    case Operator::i64_trunc_f32_u:
    case Operator::i64_trunc_f64_u:
      truncate(i64, false);
      return true;
    case Operator::i32_trunc_sat_f32_s:
    case Operator::i32_trunc_sat_f64_s:
      truncate_saturating(i32, true);
      return true;
    case Operator::i32_trunc_sat_f32_u:
    case Operator::i32_trunc_sat_f64_u:
      truncate_saturating(i32, false);
      return true;
    case Operator::i64_trunc_sat_f32_s:
    case Operator::i64_trunc_sat_f64_s:
      truncate_saturating(i64, true);
      return true;
    case Operator::i64_trunc_sat_f32_u:
    case Operator::i64_trunc_sat_f64_u:
      truncate_saturating(i64, false);
      return true;
    case Operator::f32_convert_i32_s:
    case Operator::f32_convert_i64_s:
      push(builder_.CreateSIToFP(pop(), f32));
      return true;
    case Operator::f32_convert_i32_u:
    case Operator::f32_convert_i64_u:
      push(builder_.CreateUIToFP(pop(), f32));
      return true;
    case Operator::f64_convert_i32_s:
    case Operator::f64_convert_i64_s:
      push(builder_.CreateSIToFP(pop(), f64));
      return true;
    case Operator::f64_convert_i32_u:
    case Operator::f64_convert_i64_u:
      push(builder_.CreateUIToFP(pop(), f64));
      return true;
    case Operator::f32_demote_f64:
      push(arithmetic(builder_.CreateFPTrunc(pop(), f32)));
      return true;
    case Operator::f64_promote_f32:
      push(arithmetic(builder_.CreateFPExt(pop(), f64)));
      return true;
    case Operator::i32_reinterpret_f32:
      push(builder_.CreateBitCast(pop(), i32));
      return true;
    case Operator::i64_reinterpret_f64:
      push(builder_.CreateBitCast(pop(), i64));
      return true;
    case Operator::f32_reinterpret_i32:
      push(builder_.CreateBitCast(pop(), f32));
      return true;
    case Operator::f64_reinterpret_i64:
      push(builder_.CreateBitCast(pop(), f64));
      return true;
    case Operator::i32_extend8_s:
    case Operator::i64_extend8_s:
      extend_in_place(8);
      return true;
    case Operator::i32_extend16_s:
    case Operator::i64_extend16_s:
      extend_in_place(16);
      return true;
    case Operator::i64_extend32_s:
      extend_in_place(32);
      return true;
    default:
      return false;
  }
}

}  // namespace slack::jit

// Integer operators.
#include <llvm/IR/Intrinsics.h>

#include "jit/llvm/function_lowering.hpp"

namespace slack::jit {

using wasm::Operator;
using Predicate = llvm::CmpInst::Predicate;

void FunctionLowering::compare(Predicate predicate) {
  auto* right = pop();
  auto* left = pop();
  push(builder_.CreateZExt(builder_.CreateCmp(predicate, left, right), builder_.getInt32Ty()));
}

bool FunctionLowering::lower_integer_comparison(const wasm::Instruction& instruction) {
  switch (instruction.op) {
    case Operator::i32_eqz:
      if (const auto* comparison = llvm::dyn_cast_or_null<llvm::CmpInst>(condition_in(stack_.back()))) {
        (void)pop();
        auto* inverse =
            builder_.CreateCmp(comparison->getInversePredicate(), comparison->getOperand(0), comparison->getOperand(1));
        push(builder_.CreateZExt(inverse, builder_.getInt32Ty()));
        return true;
      }
      [[fallthrough]];
    case Operator::i64_eqz:
      push(llvm::Constant::getNullValue(stack_.back()->getType()));
      compare(Predicate::ICMP_EQ);
      return true;
    case Operator::i32_eq:
    case Operator::i64_eq:
      compare(Predicate::ICMP_EQ);
      return true;
    case Operator::i32_ne:
    case Operator::i64_ne:
      compare(Predicate::ICMP_NE);
      return true;
    case Operator::i32_lt_s:
    case Operator::i64_lt_s:
      compare(Predicate::ICMP_SLT);
      return true;
    case Operator::i32_lt_u:
    case Operator::i64_lt_u:
      compare(Predicate::ICMP_ULT);
      return true;
    case Operator::i32_gt_s:
    case Operator::i64_gt_s:
      compare(Predicate::ICMP_SGT);
      return true;
    case Operator::i32_gt_u:
    case Operator::i64_gt_u:
      compare(Predicate::ICMP_UGT);
      return true;
    case Operator::i32_le_s:
    case Operator::i64_le_s:
      compare(Predicate::ICMP_SLE);
      return true;
    case Operator::i32_le_u:
    case Operator::i64_le_u:
      compare(Predicate::ICMP_ULE);
      return true;
    case Operator::i32_ge_s:
    case Operator::i64_ge_s:
      compare(Predicate::ICMP_SGE);
      return true;
    case Operator::i32_ge_u:
    case Operator::i64_ge_u:
      compare(Predicate::ICMP_UGE);
      return true;
    default:
      return false;
  }
}

void FunctionLowering::binary(llvm::Instruction::BinaryOps operation) {
  auto* right = pop();
  auto* left = pop();
  push(builder_.CreateBinOp(operation, left, right));
}

// Division by zero traps; the quotient of the least integer by -1 overflows, its remainder is 0. LLVM's operations are
// undefined in all of these cases.
void FunctionLowering::divide(bool is_signed, bool remainder) {
  auto* divisor = pop();
  auto* dividend = pop();
  auto* type = llvm::cast<llvm::IntegerType>(divisor->getType());
  auto* minus_one = llvm::ConstantInt::getAllOnesValue(type);
  trap_if(builder_.CreateICmpEQ(divisor, llvm::ConstantInt::get(type, 0)), Trap::integer_divide_by_zero);
  if (is_signed && remainder) {
    divisor =
        builder_.CreateSelect(builder_.CreateICmpEQ(divisor, minus_one), llvm::ConstantInt::get(type, 1), divisor);
  } else if (is_signed) {
    auto* least = llvm::ConstantInt::get(type, llvm::APInt::getSignedMinValue(type->getBitWidth()));
    trap_if(builder_.CreateAnd(builder_.CreateICmpEQ(dividend, least), builder_.CreateICmpEQ(divisor, minus_one)),
            Trap::integer_overflow);
  }
  using llvm::Instruction;
  const auto operation = remainder ? (is_signed ? Instruction::SRem : Instruction::URem)
                                   : (is_signed ? Instruction::SDiv : Instruction::UDiv);
  push(builder_.CreateBinOp(operation, dividend, divisor));
}

void FunctionLowering::shift(llvm::Instruction::BinaryOps operation) {
  auto* count = pop();
  auto* value = pop();
  const auto bits = llvm::cast<llvm::IntegerType>(value->getType())->getBitWidth();
  push(builder_.CreateBinOp(operation, value, builder_.CreateAnd(count, bits - 1)));
}

void FunctionLowering::rotate(unsigned intrinsic_id) {
  auto* count = pop();
  auto* value = pop();
  push(intrinsic(intrinsic_id, {value, value, count}));
}

bool FunctionLowering::lower_integer(const wasm::Instruction& instruction) {
  using llvm::Instruction;
  switch (instruction.op) {
    case Operator::i32_const:
      push(builder_.getInt32(static_cast<std::uint32_t>(instruction.low)));
      return true;
    case Operator::i64_const:
      push(builder_.getInt64(instruction.low));
      return true;
    case Operator::i32_clz:
    case Operator::i64_clz:
      push(intrinsic(llvm::Intrinsic::ctlz, {pop(), builder_.getFalse()}));
      return true;
    case Operator::i32_ctz:
    case Operator::i64_ctz:
      push(intrinsic(llvm::Intrinsic::cttz, {pop(), builder_.getFalse()}));
      return true;
    case Operator::i32_popcnt:
    case Operator::i64_popcnt:
      push(intrinsic(llvm::Intrinsic::ctpop, {pop()}));
      return true;
    case Operator::i32_add:
    case Operator::i64_add:
      binary(Instruction::Add);
      return true;
    case Operator::i32_sub:
    case Operator::i64_sub:
      binary(Instruction::Sub);
      return true;
    case Operator::i32_mul:
    case Operator::i64_mul:
      binary(Instruction::Mul);
      return true;
    case Operator::i32_div_s:
    case Operator::i64_div_s:
      divide(true, false);
      return true;
    case Operator::i32_div_u:
    case Operator::i64_div_u:
      divide(false, false);
      return true;
    case Operator::i32_rem_s:
    case Operator::i64_rem_s:
      divide(true, true);
      return true;
    case Operator::i32_rem_u:
    case Operator::i64_rem_u:
      divide(false, true);
      return true;
    case Operator::i32_and:
    case Operator::i64_and:
      binary(Instruction::And);
      return true;
    case Operator::i32_or:
    case Operator::i64_or:
      binary(Instruction::Or);
      return true;
    case Operator::i32_xor:
    case Operator::i64_xor:
      binary(Instruction::Xor);
      return true;
    case Operator::i32_shl:
    case Operator::i64_shl:
      shift(Instruction::Shl);
      return true;
    case Operator::i32_shr_s:
    case Operator::i64_shr_s:
      shift(Instruction::AShr);
      return true;
    case Operator::i32_shr_u:
    case Operator::i64_shr_u:
      shift(Instruction::LShr);
      return true;
    case Operator::i32_rotl:
    case Operator::i64_rotl:
      rotate(llvm::Intrinsic::fshl);
      return true;
    case Operator::i32_rotr:
    case Operator::i64_rotr:
      rotate(llvm::Intrinsic::fshr);
      return true;
    default:
      return false;
  }
}

}  // namespace slack::jit

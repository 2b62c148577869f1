// Quiet NaNs: arithmetic of WebAssembly never hands on a signalling NaN.
#include "jit/llvm/quiet_nan.hpp"

#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>

#include <vector>

namespace slack::jit {

namespace {

using Values = llvm::SmallPtrSet<const llvm::Value*, 16>;

bool is_quieted(const llvm::Instruction& instruction) {
  const auto* call = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
  return call && call->getIntrinsicID() == llvm::Intrinsic::canonicalize;
}

bool is_quiet_constant(const llvm::Constant& constant) {
  if (const auto* number = llvm::dyn_cast<llvm::ConstantFP>(&constant)) return !number->getValue().isSignaling();
  if (const auto* vector = llvm::dyn_cast<llvm::ConstantDataVector>(&constant)) {
    for (unsigned i = 0; i < vector->getNumElements(); ++i) {
      if (vector->getElementAsAPFloat(i).isSignaling()) return false;
    }
    return true;
  }
  return llvm::isa<llvm::ConstantAggregateZero>(constant);
}

// Whether one lane of a vector, taken out later, could turn out to be its operand: x * <1, 2> is no x, but its first
// lane is one.
bool folds_in_a_lane(const llvm::Instruction& operation) {
  const auto* type = llvm::dyn_cast<llvm::FixedVectorType>(operation.getType());
  return type && llvm::any_of(operation.operands(), [&](const llvm::Value* operand) {
           const auto* constant = llvm::dyn_cast<llvm::Constant>(operand);
           if (!constant || constant->getSplatValue()) return false;
           for (unsigned i = 0; i < type->getNumElements(); ++i) {
             const auto* lane = llvm::dyn_cast_or_null<llvm::ConstantFP>(constant->getAggregateElement(i));
             if (lane && (lane->isZero() || lane->isExactlyValue(1.0) || lane->isExactlyValue(-1.0))) return true;
           }
           return false;
         });
}

// After so many steps of the search below a value is taken for one that may be signalling: code of great length would
// take time that grows with the square of it, and the search the stack.
constexpr unsigned kMostSteps = 1'000;

// Whether `value` comes from instructions that quiet NaNs, whichever way it came. What is in `seen` is being decided.
bool comes_quiet(const llvm::Value* value, Values& seen) {
  if (const auto* constant = llvm::dyn_cast<llvm::Constant>(value)) return is_quiet_constant(*constant);
  const auto* instruction = llvm::dyn_cast<llvm::Instruction>(value);
  if (!instruction) return false;
  if (!seen.insert(value).second) return true;
  if (seen.size() > kMostSteps) return false;
  const auto all_quiet = [&](auto&& operands) {
    return llvm::all_of(operands, [&](const llvm::Value* each) { return comes_quiet(each, seen); });
  };
  switch (instruction->getOpcode()) {
    case llvm::Instruction::FAdd:
    case llvm::Instruction::FSub:
    case llvm::Instruction::FMul:
    case llvm::Instruction::FDiv:
      return !folds_in_a_lane(*instruction);
    case llvm::Instruction::FPExt:
    case llvm::Instruction::SIToFP:
    case llvm::Instruction::UIToFP:
      return true;
    case llvm::Instruction::FPTrunc: {
      // Once nothing stands between the two, LLVM takes the demotion of a promotion for the number before both.
      const auto* source = instruction->getOperand(0);
      if (const auto* call = llvm::dyn_cast<llvm::Instruction>(source); call && is_quieted(*call)) {
        source = call->getOperand(0);
      }
      const auto* promotion = llvm::dyn_cast<llvm::FPExtInst>(source);
      return !promotion || comes_quiet(promotion->getOperand(0), seen);
    }
    case llvm::Instruction::FNeg:
      return comes_quiet(instruction->getOperand(0), seen);
    case llvm::Instruction::PHI:
      return all_quiet(instruction->operands());
    case llvm::Instruction::Select:
      return comes_quiet(instruction->getOperand(1), seen) && comes_quiet(instruction->getOperand(2), seen);
    default:
      break;
  }
  const auto* call = llvm::dyn_cast<llvm::IntrinsicInst>(instruction);
  switch (call ? call->getIntrinsicID() : llvm::Intrinsic::not_intrinsic) {
    case llvm::Intrinsic::canonicalize:
    case llvm::Intrinsic::ceil:
    case llvm::Intrinsic::floor:
    case llvm::Intrinsic::trunc:
    case llvm::Intrinsic::roundeven:
    case llvm::Intrinsic::sqrt:
      return true;
    case llvm::Intrinsic::fabs:
    case llvm::Intrinsic::copysign:
      return comes_quiet(call->getArgOperand(0), seen);
    default:
      return false;
  }
}

llvm::Value* quiet(llvm::Instruction& at, llvm::Value* value) {
  llvm::IRBuilder<> builder(&at);
  const auto width = value->getType()->getScalarSizeInBits();
  auto* bits_type = value->getType()->getWithNewType(builder.getIntNTy(width));
  const unsigned quiet_bit = width == 64 ? 51 : 22;
  auto* bits = builder.CreateOr(builder.CreateBitCast(value, bits_type),
                                llvm::ConstantInt::get(bits_type, std::uint64_t{1} << quiet_bit));
  return builder.CreateSelect(builder.CreateFCmpUNO(value, value), builder.CreateBitCast(bits, value->getType()),
                              value);
}

}  // namespace

llvm::Value* keep_quiet(llvm::IRBuilder<>& builder, llvm::Value* result) {
  if (const auto* constant = llvm::dyn_cast<llvm::Constant>(result); constant && is_quiet_constant(*constant)) {
    return result;
  }
  return builder.CreateUnaryIntrinsic(llvm::Intrinsic::canonicalize, result);
}

bool settle_quiet_nans(llvm::Function& function) {
  // All are judged while all are there.
  std::vector<llvm::Instruction*> explicit_ones;
  std::vector<llvm::Instruction*> quiet_ones;
  for (auto& instruction : llvm::instructions(function)) {
    if (!is_quieted(instruction)) continue;
    Values seen;
    (comes_quiet(instruction.getOperand(0), seen) ? quiet_ones : explicit_ones).push_back(&instruction);
  }
  for (auto* result : explicit_ones) {
    result->replaceAllUsesWith(quiet(*result, result->getOperand(0)));
    result->eraseFromParent();
  }
  for (auto* result : quiet_ones) {
    result->replaceAllUsesWith(result->getOperand(0));
    result->eraseFromParent();
  }
  return !explicit_ones.empty() || !quiet_ones.empty();
}

}  // namespace slack::jit

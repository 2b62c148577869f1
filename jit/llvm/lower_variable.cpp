// Parametric and variable operators, and constants of integer types.
#include "jit/llvm/function_lowering.hpp"
#include "jit/llvm/value_types.hpp"

namespace slack::jit {

using wasm::Operator;

bool FunctionLowering::lower_variable(const wasm::Instruction& instruction) {
  switch (instruction.op) {
    case Operator::local_get: {
      auto* slot = locals_[instruction.index];
      push(builder_.CreateLoad(slot->getAllocatedType(), slot));
      return true;
    }
    case Operator::local_set:
      builder_.CreateStore(pop(), locals_[instruction.index]);
      return true;
    case Operator::local_tee:
      builder_.CreateStore(stack_.back(), locals_[instruction.index]);
      return true;
    case Operator::global_get:
      get_global(instruction.index);
      return true;
    case Operator::global_set:
      builder_.CreateAlignedStore(pop(), environment_.global_cell(builder_, instruction.index), llvm::Align(16));
      return true;
    case Operator::drop:
      (void)pop();
      return true;
    case Operator::select:
    case Operator::select_typed: {
      auto* condition = pop_condition();
      auto* otherwise = pop();
      auto* then = pop();
      push(builder_.CreateSelect(condition, then, otherwise));
      return true;
    }
    default:
      return false;
  }
}

void FunctionLowering::get_global(std::uint32_t index) {
  const auto& global = wasm_.globals[index];
  auto* type = value_type(environment_.context(), global.type.type);
  const bool is_fixed =
      !global.type.is_mutable && global.init && global.init->kind == wasm::ConstantExpression::Kind::constant;
  if (is_fixed && type->isIntegerTy()) {
    push(llvm::ConstantInt::get(type, global.init->low));
    return;
  }
  if (is_fixed && type->isVectorTy()) {
    push(llvm::ConstantDataVector::get(environment_.context(), llvm::ArrayRef({global.init->low, global.init->high})));
    return;
  }
  auto* value = builder_.CreateAlignedLoad(type, environment_.global_cell(builder_, index), llvm::Align(16));
  if (!global.type.is_mutable) {
    value->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(environment_.context(), {}));
  }
  push(value);
}

}  // namespace slack::jit

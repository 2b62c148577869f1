// Reference and table operators.
#include "jit/llvm/function_lowering.hpp"

namespace slack::jit {

using wasm::Operator;

bool FunctionLowering::lower_reference(const wasm::Instruction& instruction) {
  switch (instruction.op) {
    case Operator::ref_null:
      push(builder_.getInt64(0));
      return true;
    case Operator::ref_is_null:
      push(builder_.CreateZExt(builder_.CreateICmpEQ(pop(), builder_.getInt64(0)), builder_.getInt32Ty()));
      return true;
    case Operator::ref_func:
      push(llvm::ConstantExpr::getPtrToInt(environment_.descriptor(instruction.index), builder_.getInt64Ty()));
      return true;
    default:
      return false;
  }
}

llvm::Value* FunctionLowering::table_size(std::uint32_t table) {
  auto* size = builder_.CreateConstInBoundsGEP1_64(builder_.getInt8Ty(), environment_.table_descriptor(builder_, table),
                                                   offsetof(TableDescriptor, size));
  return builder_.CreateAlignedLoad(builder_.getInt32Ty(), size, llvm::Align(8));
}

llvm::Value* FunctionLowering::element_address(std::uint32_t table, llvm::Value* index, Trap out_of_bounds) {
  trap_if(builder_.CreateICmpUGE(index, table_size(table)), out_of_bounds);
  static_assert(offsetof(TableDescriptor, elements) == 0);
  auto* elements = builder_.CreateAlignedLoad(llvm::PointerType::get(environment_.context(), 0),
                                              environment_.table_descriptor(builder_, table), llvm::Align(16));
  return builder_.CreateGEP(builder_.getInt64Ty(), elements, builder_.CreateZExt(index, builder_.getInt64Ty()));
}

bool FunctionLowering::lower_table(const wasm::Instruction& instruction) {
  auto* i32 = builder_.getInt32Ty();
  auto* i64 = builder_.getInt64Ty();
  auto* nothing = builder_.getVoidTy();
  switch (instruction.op) {
    case Operator::table_get: {
      auto* index = pop();
      auto* element = element_address(instruction.index, index, Trap::out_of_bounds_table_access);
      push(builder_.CreateAlignedLoad(i64, element, llvm::Align(8)));
      return true;
    }
    case Operator::table_set: {
      auto* reference = pop();
      auto* index = pop();
      auto* element = element_address(instruction.index, index, Trap::out_of_bounds_table_access);
      builder_.CreateAlignedStore(reference, element, llvm::Align(8));
      return true;
    }
    case Operator::table_size:
      push(table_size(instruction.index));
      return true;
    case Operator::table_grow: {
      auto* delta = pop();
      auto* reference = pop();
      push(call_service(Service::table_grow, i32, {builder_.getInt32(instruction.index), delta, reference}));
      return true;
    }
    case Operator::table_copy:
    case Operator::table_init: {
      llvm::SmallVector<llvm::Value*, 8> arguments(pop_many(3));
      arguments.push_back(builder_.getInt32(instruction.index));
      arguments.push_back(builder_.getInt32(instruction.second));
      append_place(arguments);
      call_service(instruction.op == Operator::table_copy ? Service::table_copy : Service::table_init, nothing,
                   arguments);
      return true;
    }
    case Operator::table_fill: {
      llvm::SmallVector<llvm::Value*, 8> arguments(pop_many(3));
      arguments.push_back(builder_.getInt32(instruction.index));
      append_place(arguments);
      call_service(Service::table_fill, nothing, arguments);
      return true;
    }
    case Operator::elem_drop:
      call_service(Service::elem_drop, nothing, {builder_.getInt32(instruction.index)});
      return true;
    default:
      return false;
  }
}

}  // namespace slack::jit

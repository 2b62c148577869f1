// Memory operators: loads and stores against the guard region, and the bulk operators, which are services.
#include "jit/llvm/function_lowering.hpp"

namespace slack::jit {

using wasm::Operator;

// Base + (zero-extended address + offset): at most 33 bits, inside the reservation by its size.
llvm::Value* FunctionLowering::address(std::uint32_t offset) {
  auto* index = builder_.CreateZExt(pop(), builder_.getInt64Ty());
  if (offset != 0) index = builder_.CreateAdd(index, builder_.getInt64(offset), "", true, true);
  return builder_.CreateGEP(builder_.getInt8Ty(), memory_base_, index);
}

// The alignment hint of the module is a hint: nothing may rely on it.
void FunctionLowering::load(const wasm::Instruction& instruction, llvm::Type* stored, llvm::Type* value,
                            bool is_signed) {
  auto* loaded = builder_.CreateAlignedLoad(stored, address(instruction.memory_offset), llvm::Align(1));
  memory_loads_.push_back(loaded);
  if (stored == value) {
    push(loaded);
  } else {
    push(is_signed ? builder_.CreateSExt(loaded, value) : builder_.CreateZExt(loaded, value));
  }
}

void FunctionLowering::store(const wasm::Instruction& instruction, llvm::Type* stored) {
  auto* value = pop();
  auto* where = address(instruction.memory_offset);
  if (value->getType() != stored) value = builder_.CreateTrunc(value, stored);
  builder_.CreateAlignedStore(value, where, llvm::Align(1));
}

bool FunctionLowering::lower_memory(const wasm::Instruction& instruction) {
  auto* i8 = builder_.getInt8Ty();
  auto* i16 = builder_.getInt16Ty();
  auto* i32 = builder_.getInt32Ty();
  auto* i64 = builder_.getInt64Ty();
  switch (instruction.op) {
    case Operator::i32_load:
      load(instruction, i32, i32, false);
      return true;
    case Operator::i64_load:
      load(instruction, i64, i64, false);
      return true;
    case Operator::f32_load:
      load(instruction, builder_.getFloatTy(), builder_.getFloatTy(), false);
      return true;
    case Operator::f64_load:
      load(instruction, builder_.getDoubleTy(), builder_.getDoubleTy(), false);
      return true;
    case Operator::i32_load8_s:
      load(instruction, i8, i32, true);
      return true;
    case Operator::i32_load8_u:
      load(instruction, i8, i32, false);
      return true;
    case Operator::i32_load16_s:
      load(instruction, i16, i32, true);
      return true;
    case Operator::i32_load16_u:
      load(instruction, i16, i32, false);
      return true;
    case Operator::i64_load8_s:
      load(instruction, i8, i64, true);
      return true;
    case Operator::i64_load8_u:
      load(instruction, i8, i64, false);
      return true;
    case Operator::i64_load16_s:
      load(instruction, i16, i64, true);
      return true;
    case Operator::i64_load16_u:
      load(instruction, i16, i64, false);
      return true;
    case Operator::i64_load32_s:
      load(instruction, i32, i64, true);
      return true;
    case Operator::i64_load32_u:
      load(instruction, i32, i64, false);
      return true;
    case Operator::i32_store:
    case Operator::i64_store32:
      store(instruction, i32);
      return true;
    case Operator::i64_store:
      store(instruction, i64);
      return true;
    case Operator::f32_store:
      store(instruction, builder_.getFloatTy());
      return true;
    case Operator::f64_store:
      store(instruction, builder_.getDoubleTy());
      return true;
    case Operator::i32_store8:
    case Operator::i64_store8:
      store(instruction, i8);
      return true;
    case Operator::i32_store16:
    case Operator::i64_store16:
      store(instruction, i16);
      return true;
    default:
      return false;
  }
}

bool FunctionLowering::lower_bulk_memory(const wasm::Instruction& instruction) {
  switch (instruction.op) {
    case Operator::memory_size: {
      auto* bytes = environment_.memory_bytes(builder_);
      push(builder_.CreateTrunc(builder_.CreateLShr(bytes, 16), builder_.getInt32Ty()));
      return true;
    }
    case Operator::memory_grow: {
      auto* delta = pop();
      push(call_service(Service::memory_grow, builder_.getInt32Ty(), {delta}));
      return true;
    }
    case Operator::memory_copy:
    case Operator::memory_fill: {
      llvm::SmallVector<llvm::Value*, 6> arguments(pop_many(3));
      append_place(arguments);
      call_service(instruction.op == Operator::memory_copy ? Service::memory_copy : Service::memory_fill,
                   builder_.getVoidTy(), arguments);
      return true;
    }
    case Operator::memory_init: {
      llvm::SmallVector<llvm::Value*, 6> arguments(pop_many(3));
      arguments.push_back(builder_.getInt32(instruction.index));
      append_place(arguments);
      call_service(Service::memory_init, builder_.getVoidTy(), arguments);
      return true;
    }
    case Operator::data_drop:
      call_service(Service::data_drop, builder_.getVoidTy(), {builder_.getInt32(instruction.index)});
      return true;
    default:
      return false;
  }
}

}  // namespace slack::jit

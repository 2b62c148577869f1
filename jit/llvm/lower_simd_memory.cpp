// Vectors in memory: whole ones, parts extended or repeated, single lanes.
#include "jit/llvm/function_lowering.hpp"

namespace slack::jit {

using wasm::Operator;

// Loads `stored`; as with scalars, an alignment is a hint of the module only.
llvm::Value* FunctionLowering::load_part(const wasm::Instruction& instruction, llvm::Type* stored) {
  auto* loaded = builder_.CreateAlignedLoad(stored, address(instruction.memory_offset), llvm::Align(1));
  memory_loads_.push_back(loaded);
  return loaded;
}

void FunctionLowering::push_vector(llvm::Value* value) {
  push(builder_.CreateBitCast(value, llvm::FixedVectorType::get(builder_.getInt64Ty(), 2)));
}

void FunctionLowering::load_extended(const wasm::Instruction& instruction, unsigned lane_bits, bool is_signed) {
  const auto vector_of = [&](unsigned bits) {
    return llvm::FixedVectorType::get(builder_.getIntNTy(bits), 64 / lane_bits);
  };
  auto* loaded = load_part(instruction, vector_of(lane_bits));
  auto* wide = vector_of(2 * lane_bits);
  push_vector(is_signed ? builder_.CreateSExt(loaded, wide) : builder_.CreateZExt(loaded, wide));
}

void FunctionLowering::load_splat(const wasm::Instruction& instruction, unsigned bits) {
  push_vector(builder_.CreateVectorSplat(128 / bits, load_part(instruction, builder_.getIntNTy(bits))));
}

void FunctionLowering::load_zero(const wasm::Instruction& instruction, unsigned bits) {
  auto* zero = llvm::Constant::getNullValue(llvm::FixedVectorType::get(builder_.getIntNTy(bits), 128 / bits));
  push_vector(builder_.CreateInsertElement(zero, load_part(instruction, builder_.getIntNTy(bits)), std::uint64_t{0}));
}

void FunctionLowering::load_lane(const wasm::Instruction& instruction, unsigned bits) {
  auto* lanes = llvm::FixedVectorType::get(builder_.getIntNTy(bits), 128 / bits);
  auto* vector = builder_.CreateBitCast(pop(), lanes);
  auto* lane = load_part(instruction, builder_.getIntNTy(bits));
  push_vector(builder_.CreateInsertElement(vector, lane, instruction.lane));
}

void FunctionLowering::store_lane(const wasm::Instruction& instruction, unsigned bits) {
  auto* lanes = llvm::FixedVectorType::get(builder_.getIntNTy(bits), 128 / bits);
  push(builder_.CreateExtractElement(builder_.CreateBitCast(pop(), lanes), instruction.lane));
  store(instruction, builder_.getIntNTy(bits));
}

bool FunctionLowering::lower_vector_memory(const wasm::Instruction& instruction) {
  switch (instruction.op) {
    case Operator::v128_load:
      push_vector(load_part(instruction, llvm::FixedVectorType::get(builder_.getInt64Ty(), 2)));
      return true;
    case Operator::v128_store:
      store(instruction, llvm::FixedVectorType::get(builder_.getInt64Ty(), 2));
      return true;
    case Operator::v128_load8x8_s:
      load_extended(instruction, 8, true);
      return true;
    case Operator::v128_load8x8_u:
      load_extended(instruction, 8, false);
      return true;
    case Operator::v128_load16x4_s:
      load_extended(instruction, 16, true);
      return true;
    case Operator::v128_load16x4_u:
      load_extended(instruction, 16, false);
      return true;
    case Operator::v128_load32x2_s:
      load_extended(instruction, 32, true);
      return true;
    case Operator::v128_load32x2_u:
      load_extended(instruction, 32, false);
      return true;
    case Operator::v128_load8_splat:
      load_splat(instruction, 8);
      return true;
    case Operator::v128_load16_splat:
      load_splat(instruction, 16);
      return true;
    case Operator::v128_load32_splat:
      load_splat(instruction, 32);
      return true;
    case Operator::v128_load64_splat:
      load_splat(instruction, 64);
      return true;
    case Operator::v128_load32_zero:
      load_zero(instruction, 32);
      return true;
    case Operator::v128_load64_zero:
      load_zero(instruction, 64);
      return true;
    case Operator::v128_load8_lane:
      load_lane(instruction, 8);
      return true;
    case Operator::v128_load16_lane:
      load_lane(instruction, 16);
      return true;
    case Operator::v128_load32_lane:
      load_lane(instruction, 32);
      return true;
    case Operator::v128_load64_lane:
      load_lane(instruction, 64);
      return true;
    case Operator::v128_store8_lane:
      store_lane(instruction, 8);
      return true;
    case Operator::v128_store16_lane:
      store_lane(instruction, 16);
      return true;
    case Operator::v128_store32_lane:
      store_lane(instruction, 32);
      return true;
    case Operator::v128_store64_lane:
      store_lane(instruction, 64);
      return true;
    default:
      return false;
  }
}

}  // namespace slack::jit

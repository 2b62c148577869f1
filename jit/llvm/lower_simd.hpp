// VectorLowering: the operators on 128-bit vectors, into LLVM IR.
//
// A v128 on the operand stack is a <2 x i64>; every operator casts it to the shape that its name begins with. Where an
// operator is one instruction of SSE4.1, or a few that LLVM would not find, the intrinsic of that instruction stands
// for it. Operators that touch memory are FunctionLowering's (lower_simd_memory.cpp).
#pragma once

#include <llvm/IR/IRBuilder.h>

#include <vector>

#include "jit/wasm/operator.hpp"

namespace slack::jit {

// How an operator looks at the 128 bits.
struct Shape {
  unsigned lane_bits = 0;
  bool is_float = false;

  [[nodiscard]] unsigned lanes() const { return 128 / lane_bits; }
  [[nodiscard]] Shape half() const { return {lane_bits / 2, is_float}; }  // lanes of half the width
};

// "i16x8.add" is eight integers of 16 bits.
[[nodiscard]] Shape shape_of(wasm::Operator op);

class VectorLowering {
 public:
  // Works on the operand stack of the function whose body `builder` writes.
  VectorLowering(llvm::IRBuilder<>& builder, std::vector<llvm::Value*>& stack, bool canonical_nans)
      : builder_(builder), stack_(stack), canonical_nans_(canonical_nans) {}

  // Whether the operator was one of vectors, and not of memory.
  bool lower(const wasm::Instruction& instruction);

 private:
  // lower_simd.cpp
  bool lower_lane(const wasm::Instruction& instruction);
  bool lower_bits(const wasm::Instruction& instruction);
  bool lower_comparison(const wasm::Instruction& instruction);
  void swizzle();
  void shuffle(const wasm::Instruction& instruction);
  void compare(llvm::CmpInst::Predicate predicate, Shape shape);
  [[nodiscard]] llvm::FixedVectorType* type_of(Shape shape) const;
  [[nodiscard]] llvm::Value* pop();
  [[nodiscard]] llvm::Value* pop(Shape shape);
  void push(llvm::Value* value);  // casts vectors
  [[nodiscard]] llvm::Value* splat(llvm::Value* scalar, Shape shape);
  [[nodiscard]] llvm::Value* instruction_of(unsigned id, llvm::ArrayRef<llvm::Value*> operands);
  [[nodiscard]] llvm::Value* intrinsic(unsigned id, llvm::ArrayRef<llvm::Value*> operands);

  // lower_simd_integer.cpp
  bool lower_integer(const wasm::Instruction& instruction);
  bool lower_widening(const wasm::Instruction& instruction);
  void binary(llvm::Instruction::BinaryOps operation, Shape shape);
  void call_binary(unsigned id, Shape shape);
  void shift(llvm::Instruction::BinaryOps operation, Shape shape);
  void average(Shape shape);
  void multiply_q15();
  void narrow(unsigned id, Shape shape);
  void extend(Shape shape, bool high, bool is_signed);
  void extended_multiply(Shape shape, bool high, bool is_signed);
  void add_pairs(Shape shape, bool is_signed);
  [[nodiscard]] llvm::Value* extended_half(llvm::Value* value, Shape shape, bool high, bool is_signed);

  // lower_simd_float.cpp
  bool lower_float(const wasm::Instruction& instruction);
  bool lower_conversion(const wasm::Instruction& instruction);
  void float_binary(llvm::Instruction::BinaryOps operation, Shape shape);
  void minimum_or_maximum(bool maximum, Shape shape);
  void truncate_floats(bool is_signed);
  void truncate_doubles(bool is_signed);
  [[nodiscard]] llvm::Value* pick(bool maximum, llvm::Value* left, llvm::Value* right);
  [[nodiscard]] llvm::Value* low_half(llvm::Value* value);
  [[nodiscard]] llvm::Value* arithmetic(llvm::Value* result);
  [[nodiscard]] llvm::Constant* canonical_nan(llvm::Type* type);

  llvm::IRBuilder<>& builder_;
  std::vector<llvm::Value*>& stack_;
  bool canonical_nans_;
};

}  // namespace slack::jit

// How Wasm types look in LLVM.
#include "jit/llvm/value_types.hpp"

#include <llvm/IR/Type.h>

namespace slack::jit {

llvm::Type* value_type(llvm::LLVMContext& context, wasm::ValueType type) {
  switch (type) {
    case wasm::ValueType::i32:
      return llvm::Type::getInt32Ty(context);
    case wasm::ValueType::i64:
    case wasm::ValueType::funcref:
    case wasm::ValueType::externref:
      return llvm::Type::getInt64Ty(context);
    case wasm::ValueType::f32:
      return llvm::Type::getFloatTy(context);
    case wasm::ValueType::f64:
      return llvm::Type::getDoubleTy(context);
    case wasm::ValueType::v128:
      return llvm::FixedVectorType::get(llvm::Type::getInt64Ty(context), 2);
  }
  return nullptr;
}

namespace {

llvm::Type* tuple_type(llvm::LLVMContext& context, llvm::ArrayRef<llvm::Type*> parts) {
  if (parts.empty()) return llvm::Type::getVoidTy(context);
  if (parts.size() == 1) return parts.front();
  return llvm::StructType::get(context, parts);
}

}  // namespace

llvm::FunctionType* internal_type(llvm::LLVMContext& context, const wasm::FunctionType& type, bool counts_fuel) {
  llvm::SmallVector<llvm::Type*, 8> parameters;
  llvm::SmallVector<llvm::Type*, 4> results;
  if (counts_fuel) parameters.push_back(llvm::Type::getInt64Ty(context));
  for (const auto parameter : type.parameters) parameters.push_back(value_type(context, parameter));
  for (const auto result : type.results) results.push_back(value_type(context, result));
  if (counts_fuel) results.push_back(llvm::Type::getInt64Ty(context));
  return llvm::FunctionType::get(tuple_type(context, results), parameters, false);
}

llvm::FunctionType* host_type(llvm::LLVMContext& context, const wasm::FunctionType& type) {
  llvm::SmallVector<llvm::Type*, 8> parameters;
  for (const auto parameter : type.parameters) parameters.push_back(value_type(context, parameter));
  auto* result = type.results.empty() ? llvm::Type::getVoidTy(context) : value_type(context, type.results.front());
  return llvm::FunctionType::get(result, parameters, false);
}

}  // namespace slack::jit

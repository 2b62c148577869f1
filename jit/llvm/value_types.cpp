// How Wasm types look in LLVM.
#include "jit/llvm/value_types.hpp"

#include <llvm/IR/Constants.h>
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

// Of System V's order of registers: rdi, rsi, rdx, rcx for parameters; rax, rdx, rcx for results.
constexpr std::size_t kIntegersBeforeParameter = 3;
constexpr std::size_t kIntegersBeforeResult = 2;

bool is_integer(wasm::ValueType type) {
  return type == wasm::ValueType::i32 || type == wasm::ValueType::i64 || type == wasm::ValueType::funcref ||
         type == wasm::ValueType::externref;
}

template <typename Types>
FuelPlace place_after(const Types& types, std::size_t most) {
  std::size_t integers = 0;
  std::size_t index = 0;
  for (; index < types.size() && integers < most; ++index) integers += is_integer(types[index]) ? 1 : 0;
  return {index, index + (most - integers)};
}

void add_fuel(llvm::SmallVectorImpl<llvm::Type*>& types, const FuelPlace& place, llvm::Type* fuel) {
  types.insert(types.begin() + static_cast<std::ptrdiff_t>(place.padding_begin), place.index + 1 - place.padding_begin,
               fuel);
}

}  // namespace

FuelPlace fuel_parameter(const wasm::FunctionType& type) {
  return place_after(type.parameters, kIntegersBeforeParameter);
}

FuelPlace fuel_result(const wasm::FunctionType& type) { return place_after(type.results, kIntegersBeforeResult); }

llvm::Attribute fuel_attribute(llvm::LLVMContext& context, const FuelPlace& place) {
  return llvm::Attribute::get(context, kFuelAttribute, std::to_string(place.index));
}

std::optional<unsigned> fuel_index(const llvm::Attribute& attribute) {
  unsigned index = 0;
  if (!attribute.isValid() || attribute.getValueAsString().getAsInteger(10, index)) return std::nullopt;
  return index;
}

void insert_fuel(llvm::SmallVectorImpl<llvm::Value*>& values, const FuelPlace& place, llvm::Value* fuel) {
  values.insert(values.begin() + static_cast<std::ptrdiff_t>(place.padding_begin), place.index - place.padding_begin,
                llvm::PoisonValue::get(fuel->getType()));
  values.insert(values.begin() + static_cast<std::ptrdiff_t>(place.index), fuel);
}

llvm::Value* remove_fuel(llvm::SmallVectorImpl<llvm::Value*>& values, const FuelPlace& place) {
  auto* fuel = values[place.index];
  values.erase(values.begin() + static_cast<std::ptrdiff_t>(place.padding_begin),
               values.begin() + static_cast<std::ptrdiff_t>(place.index) + 1);
  return fuel;
}

llvm::FunctionType* internal_type(llvm::LLVMContext& context, const wasm::FunctionType& type, bool counts_fuel) {
  llvm::SmallVector<llvm::Type*, 8> parameters;
  llvm::SmallVector<llvm::Type*, 4> results;
  for (const auto parameter : type.parameters) parameters.push_back(value_type(context, parameter));
  for (const auto result : type.results) results.push_back(value_type(context, result));
  if (counts_fuel) {
    add_fuel(parameters, fuel_parameter(type), llvm::Type::getInt64Ty(context));
    add_fuel(results, fuel_result(type), llvm::Type::getInt64Ty(context));
  }
  return llvm::FunctionType::get(tuple_type(context, results), parameters, false);
}

llvm::FunctionType* host_type(llvm::LLVMContext& context, const wasm::FunctionType& type) {
  llvm::SmallVector<llvm::Type*, 8> parameters;
  for (const auto parameter : type.parameters) parameters.push_back(value_type(context, parameter));
  auto* result = type.results.empty() ? llvm::Type::getVoidTy(context) : value_type(context, type.results.front());
  return llvm::FunctionType::get(result, parameters, false);
}

}  // namespace slack::jit

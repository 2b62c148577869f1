// How Wasm types look in LLVM: values, functions among themselves, and functions of the host.
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Attributes.h>
#include <llvm/IR/DerivedTypes.h>

#include <optional>

#include "jit/wasm/module.hpp"

namespace slack::jit {

// References are i64: the address of a FunctionDescriptor, or whatever the host made of an externref; 0 is null.
[[nodiscard]] llvm::Type* value_type(llvm::LLVMContext& context, wasm::ValueType type);

// Functions among themselves: the parameters and results of the module, and in modes that count, fuel among both at its
// place. A single component is returned as it is, none at all as void.
[[nodiscard]] llvm::FunctionType* internal_type(llvm::LLVMContext& context, const wasm::FunctionType& type,
                                                bool counts_fuel);

// Where fuel is among the parameters or results. It stands so that it comes in the register it leaves in, rcx: the
// fourth to carry a parameter that is an integer, and the third to carry a result. A function that hands it on, and one
// that adds to it only, then need no move, and the first three parameters are where they are without fuel. Where there
// are fewer integers, poison stands for them, which takes no instruction.
struct FuelPlace {
  std::size_t padding_begin;
  std::size_t index;
};
[[nodiscard]] FuelPlace fuel_parameter(const wasm::FunctionType& type);
[[nodiscard]] FuelPlace fuel_result(const wasm::FunctionType& type);

// Attribute of functions that count: which parameter is fuel; of their calls: which component of the result.
inline constexpr char kFuelAttribute[] = "slack-fuel";
[[nodiscard]] llvm::Attribute fuel_attribute(llvm::LLVMContext& context, const FuelPlace& place);
// The index that `attribute` gives; nothing where it is missing.
[[nodiscard]] std::optional<unsigned> fuel_index(const llvm::Attribute& attribute);

// Puts padding and fuel in.
void insert_fuel(llvm::SmallVectorImpl<llvm::Value*>& values, const FuelPlace& place, llvm::Value* fuel);
// Takes padding and fuel out, and returns the fuel.
llvm::Value* remove_fuel(llvm::SmallVectorImpl<llvm::Value*>& values, const FuelPlace& place);

// An imported function as the worker offers it: a C function of the natural types, at most one result.
[[nodiscard]] llvm::FunctionType* host_type(llvm::LLVMContext& context, const wasm::FunctionType& type);

}  // namespace slack::jit

// How Wasm types look in LLVM: values, functions among themselves, and functions of the host.
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <llvm/IR/DerivedTypes.h>

#include "jit/wasm/module.hpp"

namespace slack::jit {

// References are i64: the address of a FunctionDescriptor, or whatever the host made of an externref; 0 is null.
[[nodiscard]] llvm::Type* value_type(llvm::LLVMContext& context, wasm::ValueType type);

// Functions among themselves: (i64 fuel, parameters…) → {results…, i64 fuel}; without both fuels in mode `none`.
// A single component is returned as it is, none at all as void.
[[nodiscard]] llvm::FunctionType* internal_type(llvm::LLVMContext& context, const wasm::FunctionType& type,
                                                bool counts_fuel);

// An imported function as the worker offers it: a C function of the natural types, at most one result.
[[nodiscard]] llvm::FunctionType* host_type(llvm::LLVMContext& context, const wasm::FunctionType& type);

}  // namespace slack::jit

// The C signatures at the boundary between generated code and the worker.
//
// Every call is the System V C convention. Before one, generated code stores its exact fuel in ContextHead::fuel; a
// service that charges fuel itself (bulk operators, by length) adds to that field, and generated code reloads it after.
// A service that traps does not return. `offset` is the operator's byte offset in the .wasm file, `function` the
// Wasm function index; both only serve the report.
#pragma once

#include <cstdint>

namespace slack::services {

// What wasmtime 50.0.1 charges for the call of a start function by instantiation, on top of the function's own entry.
inline constexpr std::uint64_t kStartCallFuel = 2;

// `trap` is a wire/trap.hpp Trap. Fuel: ContextHead::fuel, exact.
using TrapFn = void (*)(std::uint32_t trap, std::uint32_t function, std::uint32_t offset);

// Old size in pages, or -1. Charges one fuel a page on success, as wasmtime 50.0.1 was measured to.
using MemoryGrowFn = std::uint32_t (*)(std::uint32_t delta_pages);

// Bulk operators check bounds first (trap, nothing charged for the length), then work in chunks with a host safepoint
// between them, and charge one fuel a byte or element.
using MemoryCopyFn = void (*)(std::uint32_t to, std::uint32_t from, std::uint32_t length, std::uint32_t function,
                              std::uint32_t offset);
using MemoryFillFn = void (*)(std::uint32_t to, std::uint32_t value, std::uint32_t length, std::uint32_t function,
                              std::uint32_t offset);
using MemoryInitFn = void (*)(std::uint32_t to, std::uint32_t from, std::uint32_t length, std::uint32_t segment,
                              std::uint32_t function, std::uint32_t offset);
using DataDropFn = void (*)(std::uint32_t segment);
// Old size in elements, or -1. Charges one fuel an element when it succeeds, nothing when it fails.
using TableGrowFn = std::uint32_t (*)(std::uint32_t table, std::uint32_t delta, std::uint64_t reference);
using TableCopyFn = void (*)(std::uint32_t to, std::uint32_t from, std::uint32_t length, std::uint32_t to_table,
                             std::uint32_t from_table, std::uint32_t function, std::uint32_t offset);
using TableFillFn = void (*)(std::uint32_t to, std::uint64_t reference, std::uint32_t length, std::uint32_t table,
                             std::uint32_t function, std::uint32_t offset);
using TableInitFn = void (*)(std::uint32_t to, std::uint32_t from, std::uint32_t length, std::uint32_t segment,
                             std::uint32_t table, std::uint32_t function, std::uint32_t offset);
using ElemDropFn = void (*)(std::uint32_t segment);

// What an exported function, the start function, and every function that can be invoked by name looks like from
// outside: takes the fuel consumed so far and returns the fuel consumed after; parameters are read from, and results
// written to, `values`.
struct alignas(16) Value {
  std::uint64_t low;   // i32 (zero-extended), i64, f32 and f64 bits, references
  std::uint64_t high;  // upper half of a v128
};
using Thunk = std::uint64_t (*)(std::uint64_t fuel, Value* values);

}  // namespace slack::services

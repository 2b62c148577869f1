// How much a module may ask for. Whatever a client can make grow is bounded here, by name.
//
// The floor is "Implementation-defined Limits" of the WebAssembly JavaScript Interface: a module that browsers promise
// to accept is accepted here. Limits that it does not know bound what few bytes of a hostile module can make us
// allocate.
#pragma once

#include <cstdint>
#include <string_view>

#include "daemon/base/wasm_numbers.hpp"
#include "jit/wasm/module.hpp"

namespace slack::wasm {

struct Limit {
  std::string_view name;  // what documentation and refusals call it by
  std::string_view what;
  std::uint64_t most;
};

// "1000001 functions, over the limit of 1000000 (limit functions)".
[[nodiscard]] Refusal over_limit(std::uint64_t figure, const Limit& limit, WasmOffset where);

namespace limits {

// The JavaScript interface's own figures.
inline constexpr Limit kModuleBytes{"module-bytes", "bytes of module", 1'073'741'824};
inline constexpr Limit kTypes{"types", "types", 1'000'000};
inline constexpr Limit kFunctions{"functions", "functions", 1'000'000};  // defined and imported together
inline constexpr Limit kImports{"imports", "imports", 1'000'000};
inline constexpr Limit kExports{"exports", "exports", 1'000'000};
inline constexpr Limit kGlobals{"globals", "globals", 1'000'000};
inline constexpr Limit kDataSegments{"data-segments", "data segments", 100'000};
inline constexpr Limit kTables{"tables", "tables", 100'000};
inline constexpr Limit kTableElements{"table-elements", "elements of a table", kMaxTableElements};
inline constexpr Limit kBodyBytes{"body-bytes", "bytes of a function body", 7'654'321};
inline constexpr Limit kParameters{"parameters", "parameters of a type", 1'000};
inline constexpr Limit kResults{"results", "results of a type", 1'000};
inline constexpr Limit kLocals{"locals", "locals of a function", 50'000};  // parameters included

// That interface sets none for element segments; what engines that use wasmparser agree on, as for data segments.
inline constexpr Limit kElementSegments{"element-segments", "element segments", 100'000};
// One segment cannot fill more than a table holds; each item takes 32 bytes of our memory for one byte of the module's.
inline constexpr Limit kSegmentItems{"segment-items", "items of an element segment", kMaxTableElements};
// 50,000 locals take five bytes of a module and 50,000 of ours, so a megabyte of module could ask for gigabytes. Real
// modules stay far below one local a byte of code.
inline constexpr Limit kTotalLocals{"all-locals", "locals of all functions", 67'108'864};
// A call of two bytes may push 1,000 results. Compilers' output stays below some hundreds.
inline constexpr Limit kOperands{"operands", "operands on a function's stack", 1'000'000};

// A linear memory of 2.0 has 32-bit addresses: a rule of validation, not a choice of ours.
inline constexpr std::uint32_t kMemoryPages = 65'536;

}  // namespace limits
}  // namespace slack::wasm

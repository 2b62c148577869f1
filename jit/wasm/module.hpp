// A decoded WebAssembly module: what the decoder fills, the validator checks and the lowering reads.
//
// A Module points into the bytes it was decoded from and owns none of them; keep them alive as long as it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "daemon/base/units.hpp"

namespace slack::wasm {

// The binary format's own numbers.
enum class ValueType : std::uint8_t {
  i32 = 0x7f,
  i64 = 0x7e,
  f32 = 0x7d,
  f64 = 0x7c,
  v128 = 0x7b,
  funcref = 0x70,
  externref = 0x6f
};
[[nodiscard]] constexpr bool is_reference(ValueType type) {
  return type == ValueType::funcref || type == ValueType::externref;
}

[[nodiscard]] constexpr bool is_value_type(ValueType type) {
  return (type >= ValueType::v128 && type <= ValueType::i32) || is_reference(type);
}

// Why a module is turned away: the specification's words, and where. Never a Fault: the module is at fault, not we.
struct Refusal {
  enum class Kind : std::uint8_t { malformed, invalid, unsupported, over_limit } kind = Kind::malformed;
  std::string reason;
  WasmOffset offset;
};
template <typename T>
using Checked = tl::expected<T, Refusal>;

struct FunctionType {
  std::vector<ValueType> parameters;
  std::vector<ValueType> results;
  friend bool operator==(const FunctionType&, const FunctionType&) = default;
};

struct Limits {
  std::uint32_t minimum = 0;
  std::optional<std::uint32_t> maximum;
};
struct TableType {
  ValueType element = ValueType::funcref;
  Limits limits;
  WasmOffset offset;  // here and below: where the definition stands in the file, for refusals
};
struct MemoryType {
  Limits limits;  // in Wasm pages
  WasmOffset offset;
};
struct GlobalType {
  ValueType type = ValueType::i32;
  bool is_mutable = false;
};

enum class ExternKind : std::uint8_t { function = 0, table = 1, memory = 2, global = 3 };

struct Import {
  std::string_view module;
  std::string_view name;
  ExternKind kind = ExternKind::function;
  std::uint32_t index = 0;  // in the index space of its kind
  WasmOffset offset;
};
struct Export {
  std::string_view name;
  ExternKind kind = ExternKind::function;
  std::uint32_t index = 0;
  WasmOffset offset;
};

// A constant expression, reduced: WebAssembly 2.0 allows one constant, reference or imported immutable global.
struct ConstantExpression {
  enum class Kind : std::uint8_t { constant, global_get, ref_func, ref_null } kind = Kind::constant;
  ValueType type = ValueType::i32;
  std::uint32_t index = 0;  // global_get: global; ref_func: function
  std::uint64_t low = 0;    // constant: bits, i32 and f32 zero-extended
  std::uint64_t high = 0;   // constant: upper half of a v128
  WasmOffset offset;
};

struct Function {
  std::uint32_t type = 0;  // index into Module::types
  std::string_view name;   // name section, else export name, else empty
  WasmOffset offset;       // of the type index: in the function section or in the import
  // Defined functions only:
  std::vector<ValueType> locals;       // declared ones, parameters excluded
  std::span<const std::uint8_t> body;  // operators up to and including the final `end`, locals excluded
  WasmOffset body_offset;              // of body[0] in the file
  bool referenced = false;             // by ref.func, an element segment, an export or a global: address may be taken
};
struct Global {
  GlobalType type;
  std::optional<ConstantExpression> init;  // none: imported
  WasmOffset offset;
};

enum class SegmentMode : std::uint8_t { active, passive, declared };
struct ElementSegment {
  SegmentMode mode = SegmentMode::passive;
  ValueType type = ValueType::funcref;
  std::uint32_t table = 0;
  ConstantExpression offset;
  bool by_expression = false;  // the items are written as expressions, not as function indices
  std::vector<ConstantExpression> items;
  WasmOffset file_offset;
};
struct DataSegment {
  SegmentMode mode = SegmentMode::passive;
  std::uint32_t memory = 0;
  ConstantExpression offset;
  std::span<const std::uint8_t> bytes;
  WasmOffset file_offset;
};

struct Module {
  std::span<const std::uint8_t> bytes;  // the whole file
  std::vector<FunctionType> types;
  std::vector<std::uint32_t> canonical_types;  // types[i] equals types[canonical_types[i]], the first such
  std::vector<Import> imports;
  std::vector<Function> functions;  // each index space: imported ones first
  std::vector<TableType> tables;
  std::vector<MemoryType> memories;
  std::vector<Global> globals;
  std::vector<Export> exports;
  std::optional<std::uint32_t> start;
  WasmOffset start_offset;
  std::vector<ElementSegment> elements;
  std::vector<DataSegment> data;
  std::optional<std::uint32_t> data_count;  // none: the module has no data count section
  std::uint32_t imported_functions = 0;
  std::uint32_t imported_tables = 0;
  std::uint32_t imported_memories = 0;
  std::uint32_t imported_globals = 0;

  [[nodiscard]] const FunctionType& type_of(std::uint32_t function) const { return types[functions[function].type]; }
};

}  // namespace slack::wasm

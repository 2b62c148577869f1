// Wasm operators: one table (operators.def) from which the enum, the names, the immediates, the signatures and the
// fuel cost come; and a reader that decodes one operator after the other.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "jit/wasm/byte_reader.hpp"
#include "jit/wasm/module.hpp"

namespace slack::wasm {

// X(enumerator, "text name", prefix, opcode, Immediates, "signature", cost)
//   prefix: 0 none, 0xfc, 0xfd. signature: "parameters:results" with i=i32 l=i64 f=f32 d=f64 v=v128, or "*" where
//   typing is particular to the operator (control, parametric, variable, reference and table operators). cost: 0 or 1
//   fuel.
enum class Operator : std::uint16_t {
#define X(enumerator, text, prefix, opcode, immediates, signature, cost) enumerator,
#include "jit/wasm/operators.def"
#undef X
  count
};

enum class Immediates : std::uint8_t {
  none,
  block,          // block type
  label,          // br, br_if: index
  label_table,    // br_table: labels, default in index
  function,       // call, ref.func: index
  indirect,       // call_indirect: index = type, second = table
  local,          // index
  global,         // index
  table,          // index
  two_tables,     // table.copy: index = destination, second = source
  table_init,     // index = element segment, second = table
  element,        // elem.drop: index
  memory_access,  // align (log2), offset; index = memory
  memory_lane,    // memory_access and lane
  memory,         // memory.size, grow, fill: index
  two_memories,   // memory.copy: index = destination, second = source
  memory_init,    // index = data segment, second = memory
  data,           // data.drop: index
  i32_const,      // low, zero-extended
  i64_const,      // low
  f32_const,      // low: bits
  f64_const,      // low: bits
  v128_const,     // low, high
  lane,           // lane
  shuffle,        // lanes
  select_types,   // typed select: one type in block_type.value
  reference,      // ref.null: type in block_type.value
};

struct BlockType {
  enum class Kind : std::uint8_t { empty, value, type_index } kind = Kind::empty;
  ValueType value = ValueType::i32;
  std::uint32_t type_index = 0;
};

// One decoded operator. Only the fields that its immediates name are set; the others keep what they held.
struct Instruction {
  Operator op{};
  WasmOffset offset;  // of the opcode in the file
  std::uint32_t index = 0;
  std::uint32_t second = 0;
  std::uint32_t align = 0;
  std::uint32_t memory_offset = 0;
  std::uint32_t lane = 0;
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  BlockType block_type;
  std::uint8_t lanes[16] = {};
  std::vector<std::uint32_t> labels;  // br_table, default excluded; reused from one instruction to the next
};

// Of a valid module's block: what it takes and leaves.
[[nodiscard]] FunctionType type_of(const Module& module, const BlockType& type);

[[nodiscard]] std::string_view name_of(Operator op);
[[nodiscard]] Immediates immediates_of(Operator op);
[[nodiscard]] std::string_view signature_of(Operator op);
// Fuel of one execution, before lengths; source: wasmtime 50's default operator costs.
[[nodiscard]] std::uint32_t base_cost_of(Operator op);
// Bytes that a memory operator with an alignment reads or writes, which is its natural alignment too; else 0.
[[nodiscard]] std::uint32_t access_bytes_of(Operator op);

[[nodiscard]] bool read_value_type(ByteReader& reader, ValueType& out);
[[nodiscard]] bool read_reference_type(ByteReader& reader, ValueType& out);
// One operator with its immediates. False: the reader knows why.
[[nodiscard]] bool read_operator(ByteReader& reader, Instruction& out);

// Decodes operators one after the other; refuses bytes that are none, with the file offset.
class OperatorReader {
 public:
  OperatorReader(std::span<const std::uint8_t> body, WasmOffset offset_of_first) : reader_(body, offset_of_first) {}

  [[nodiscard]] bool at_end() const { return reader_.at_end(); }
  [[nodiscard]] WasmOffset offset() const { return reader_.offset(); }
  // Fills `out`.
  [[nodiscard]] Checked<void> next(Instruction& out);
  // The same where the caller is in a hurry: false, and refusal() says why.
  [[nodiscard]] bool read(Instruction& out) { return read_operator(reader_, out); }
  [[nodiscard]] const Refusal& refusal() const { return reader_.refusal(); }

 private:
  ByteReader reader_;
};

}  // namespace slack::wasm

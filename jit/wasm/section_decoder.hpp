// Decodes the known sections of a module, one after the other, into a Module.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "jit/wasm/byte_reader.hpp"
#include "jit/wasm/limits.hpp"
#include "jit/wasm/module.hpp"
#include "jit/wasm/operator.hpp"

namespace slack::wasm {

enum class SectionId : std::uint8_t {
  custom = 0,
  type = 1,
  import = 2,
  function = 3,
  table = 4,
  memory = 5,
  global = 6,
  export_ = 7,
  start = 8,
  element = 9,
  code = 10,
  data = 11,
  data_count = 12
};

// Like the specification's reference decoder it reads on through the file where a section's content is longer than the
// section says, and it is the caller who compares sizes at the section's end: so both give the same reason.
class SectionDecoder {
 public:
  SectionDecoder(ByteReader& reader, Module& module) : reader_(reader), module_(module) {}

  // Content of any section but a custom one. False: the reader knows why.
  [[nodiscard]] bool decode(SectionId id);

  // Entries of the code section; each belongs to one of the function section.
  [[nodiscard]] std::uint32_t bodies() const { return bodies_; }
  // An initialiser that is no constant expression: the module may yet turn out malformed, which weighs more.
  [[nodiscard]] const std::optional<Refusal>& invalid_expression() const { return invalid_expression_; }

 private:
  [[nodiscard]] bool types();
  [[nodiscard]] bool type_list(std::vector<ValueType>& out, const Limit& limit);
  [[nodiscard]] bool imports();
  [[nodiscard]] bool import_type(Import& import);
  [[nodiscard]] bool functions();
  [[nodiscard]] bool tables();
  [[nodiscard]] bool memories();
  [[nodiscard]] bool globals();
  [[nodiscard]] bool exports();
  [[nodiscard]] bool start();
  [[nodiscard]] bool elements();
  [[nodiscard]] bool element_items(ElementSegment& segment, bool by_expression);
  [[nodiscard]] bool code();
  [[nodiscard]] bool body(Function& function);
  [[nodiscard]] bool locals(Function& function);
  [[nodiscard]] bool data();
  [[nodiscard]] bool data_count();

  [[nodiscard]] bool limits_of(Limits& out);
  [[nodiscard]] bool table_type(TableType& out);
  [[nodiscard]] bool memory_type(MemoryType& out);
  [[nodiscard]] bool global_type(GlobalType& out);
  [[nodiscard]] bool constant_expression(ConstantExpression& out);
  // The number of entries to follow; `already` of the same kind exist.
  [[nodiscard]] bool count(std::uint32_t& out, const Limit& limit, std::uint64_t already = 0);
  [[nodiscard]] bool within(std::uint64_t figure, const Limit& limit, WasmOffset where);

  ByteReader& reader_;
  Module& module_;
  Instruction instruction_;
  std::uint32_t bodies_ = 0;
  std::uint64_t total_locals_ = 0;
  std::optional<Refusal> invalid_expression_;
  struct LocalRun {
    std::uint32_t count;
    ValueType type;
  };
  std::vector<LocalRun> runs_;
};

}  // namespace slack::wasm

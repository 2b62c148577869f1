// Validates function bodies; one object serves all bodies of a module, so that its stacks are allocated once.
#pragma once

#include <cstdint>
#include <vector>

#include "jit/wasm/body_stack.hpp"
#include "jit/wasm/module.hpp"
#include "jit/wasm/operator.hpp"
#include "jit/wasm/operator_table.hpp"

namespace slack::wasm {

class BodyValidator {
 public:
  // The module itself must have been validated, and Function::referenced set.
  explicit BodyValidator(const Module& module) : module_(module), stack_(module) {}

  [[nodiscard]] Checked<void> validate(const Function& function);

 private:
  [[nodiscard]] bool run(const Function& function);
  [[nodiscard]] bool missing_end(WasmOffset where);
  [[nodiscard]] bool step();
  [[nodiscard]] bool particular();

  [[nodiscard]] bool open_block();
  [[nodiscard]] bool else_branch();
  [[nodiscard]] bool end_block();
  [[nodiscard]] bool branch();
  [[nodiscard]] bool branch_if();
  [[nodiscard]] bool branch_table();
  [[nodiscard]] bool return_from();
  [[nodiscard]] bool call(const FunctionType& type);
  [[nodiscard]] bool call_indirect();
  [[nodiscard]] bool select();
  [[nodiscard]] bool select_typed();
  [[nodiscard]] bool variable();
  [[nodiscard]] bool table_operator();
  [[nodiscard]] bool table_move();
  [[nodiscard]] bool reference();
  [[nodiscard]] bool memory_immediates(const OperatorInfo& info);
  [[nodiscard]] bool data_segment();

  [[nodiscard]] bool invalid(std::string reason) { return stack_.fail(Refusal::Kind::invalid, std::move(reason)); }
  [[nodiscard]] bool malformed(std::string reason) { return stack_.fail(Refusal::Kind::malformed, std::move(reason)); }
  // False, and "unknown WHAT INDEX", unless index < size.
  [[nodiscard]] bool known(std::string_view what, std::uint32_t index, std::size_t size);
  [[nodiscard]] bool known_label(std::uint32_t depth);

  const Module& module_;
  BodyStack stack_;
  Instruction instruction_;
  std::vector<ValueType> locals_;
};

}  // namespace slack::wasm

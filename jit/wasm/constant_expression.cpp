// Reduces a constant expression to the one value that WebAssembly 2.0 lets it be.
#include "jit/wasm/operator_table.hpp"
#include "jit/wasm/section_decoder.hpp"

namespace slack::wasm {
namespace {

// False where `instruction` is none of the operators that a constant expression may hold.
bool reduce(const Instruction& instruction, const Module& module, ConstantExpression& out) {
  out.low = 0;
  out.high = 0;
  out.index = 0;
  switch (instruction.op) {
    case Operator::v128_const:
      out.high = instruction.high;
      [[fallthrough]];
    case Operator::i32_const:
    case Operator::i64_const:
    case Operator::f32_const:
    case Operator::f64_const:
      out.kind = ConstantExpression::Kind::constant;
      out.type = info_of(instruction.op).result;
      out.low = instruction.low;
      return true;
    case Operator::ref_null:
      out.kind = ConstantExpression::Kind::ref_null;
      out.type = instruction.block_type.value;
      return true;
    case Operator::ref_func:
      out.kind = ConstantExpression::Kind::ref_func;
      out.type = ValueType::funcref;
      out.index = instruction.index;
      return true;
    case Operator::global_get:
      out.kind = ConstantExpression::Kind::global_get;
      out.index = instruction.index;
      if (out.index < module.globals.size()) out.type = module.globals[out.index].type.type;
      return true;
    default:
      return false;
  }
}

bool opens_block(Operator op) { return op == Operator::block || op == Operator::loop || op == Operator::if_; }

}  // namespace

bool SectionDecoder::constant_expression(ConstantExpression& out) {
  out.offset = reader_.offset();
  std::uint64_t depth = 0;
  std::uint64_t values = 0;
  bool is_constant = true;
  while (true) {
    if (!read_operator(reader_, instruction_)) return false;
    if (instruction_.op == Operator::end && depth-- == 0) break;
    if (instruction_.op == Operator::else_ && depth == 0) {
      return reader_.malformed(instruction_.offset, "END opcode expected");
    }
    if (opens_block(instruction_.op)) ++depth;
    if (reduce(instruction_, module_, out)) {
      ++values;
    } else {
      is_constant = false;
    }
  }
  if ((!is_constant || values != 1) && !invalid_expression_) {
    invalid_expression_ = Refusal{
        Refusal::Kind::invalid,
        is_constant ? "type mismatch: an initialiser must leave exactly one value" : "constant expression required",
        out.offset};
  }
  return true;
}

}  // namespace slack::wasm

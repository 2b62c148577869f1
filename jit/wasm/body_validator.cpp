// The typing rule of each operator.
#include "jit/wasm/body_validator.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "jit/wasm/limits.hpp"

namespace slack::wasm {

bool BodyValidator::known(std::string_view what, std::uint32_t index, std::size_t size) {
  return index < size || invalid(fmt::format("unknown {} {}", what, index));
}

bool BodyValidator::known_label(std::uint32_t depth) {
  return stack_.label(depth) != nullptr || invalid(fmt::format("unknown label {}", depth));
}

Checked<void> BodyValidator::validate(const Function& function) {
  if (run(function)) return {};
  return tl::unexpected<Refusal>(stack_.refusal());
}

bool BodyValidator::run(const Function& function) {
  const auto& parameters = module_.types[function.type].parameters;
  locals_.assign(parameters.begin(), parameters.end());
  locals_.insert(locals_.end(), function.locals.begin(), function.locals.end());
  stack_.reset(function.type);
  OperatorReader reader(function.body, function.body_offset);
  while (!stack_.is_closed()) {
    if (reader.at_end()) return missing_end(reader.offset());
    if (!reader.read(instruction_)) return stack_.fail(reader.refusal());
    stack_.begin(instruction_.op, instruction_.offset);
    if (!step()) return false;
    if (stack_.operands() > limits::kOperands.most) {
      return stack_.fail(over_limit(stack_.operands(), limits::kOperands, instruction_.offset));
    }
  }
  if (reader.at_end()) return true;
  stack_.begin(instruction_.op, reader.offset());
  return malformed("section size mismatch: operators after the end of the function");
}

// A decoder that reads on past the body, as the specification's does, meets the file's end, an `end` or something else.
bool BodyValidator::missing_end(WasmOffset where) {
  stack_.begin(instruction_.op, where);
  if (where.count() >= module_.bytes.size()) return malformed("unexpected end of section or function");
  constexpr std::uint8_t kEnd = 0x0b;
  return malformed(module_.bytes[where.count()] == kEnd ? "section size mismatch: the function goes on after its end"
                                                        : "END opcode expected");
}

bool BodyValidator::step() {
  const OperatorInfo& info = info_of(instruction_.op);
  if (!info.has_signature) return particular();
  if (info.immediates != Immediates::none && !memory_immediates(info)) return false;
  for (unsigned i = info.parameter_count; i-- > 0;) {
    if (!stack_.pop(info.parameters[i])) return false;
  }
  if (info.has_result) stack_.push(info.result);
  return true;
}

// What operators with a plain signature ask of their immediates.
bool BodyValidator::memory_immediates(const OperatorInfo& info) {
  switch (info.immediates) {
    case Immediates::memory_access:
    case Immediates::memory_lane:
      if (!known("memory", instruction_.index, module_.memories.size())) return false;
      if ((std::uint64_t{1} << instruction_.align) > info.access_bytes) {
        return invalid("alignment must not be larger than natural");
      }
      if (info.immediates == Immediates::memory_access) return true;
      [[fallthrough]];
    case Immediates::lane:
      return instruction_.lane < info.lanes || invalid(fmt::format("invalid lane index {}", instruction_.lane));
    case Immediates::shuffle:
      for (const std::uint8_t lane : instruction_.lanes) {
        if (lane >= 32) return invalid(fmt::format("invalid lane index {}", lane));
      }
      return true;
    case Immediates::memory:
      return known("memory", instruction_.index, module_.memories.size());
    case Immediates::two_memories:
      return known("memory", instruction_.index, module_.memories.size()) &&
             known("memory", instruction_.second, module_.memories.size());
    case Immediates::memory_init:
      return known("memory", instruction_.second, module_.memories.size()) && data_segment();
    case Immediates::data:
      return data_segment();
    default:
      return true;
  }
}

bool BodyValidator::data_segment() {
  if (!module_.data_count) return malformed("data count section required");
  return known("data segment", instruction_.index, *module_.data_count);
}

bool BodyValidator::particular() {
  switch (instruction_.op) {
    case Operator::unreachable:
      stack_.set_unreachable();
      return true;
    case Operator::nop:
      return true;
    case Operator::block:
    case Operator::loop:
    case Operator::if_:
      return open_block();
    case Operator::else_:
      return else_branch();
    case Operator::end:
      return end_block();
    case Operator::br:
      return branch();
    case Operator::br_if:
      return branch_if();
    case Operator::br_table:
      return branch_table();
    case Operator::return_:
      return return_from();
    case Operator::call:
      return known("function", instruction_.index, module_.functions.size()) &&
             call(module_.type_of(instruction_.index));
    case Operator::call_indirect:
      return call_indirect();
    case Operator::drop: {
      ValueType dropped{};
      return stack_.pop_any(dropped);
    }
    case Operator::select:
      return select();
    case Operator::select_typed:
      return select_typed();
    case Operator::local_get:
    case Operator::local_set:
    case Operator::local_tee:
    case Operator::global_get:
    case Operator::global_set:
      return variable();
    case Operator::table_get:
    case Operator::table_set:
    case Operator::table_size:
    case Operator::table_grow:
    case Operator::table_fill:
      return table_operator();
    case Operator::table_init:
    case Operator::table_copy:
    case Operator::elem_drop:
      return table_move();
    case Operator::ref_null:
    case Operator::ref_is_null:
    case Operator::ref_func:
      return reference();
    default:
      return invalid(fmt::format("no typing rule for {}", name_of(instruction_.op)));
  }
}

bool BodyValidator::open_block() {
  const BlockType& type = instruction_.block_type;
  if (type.kind == BlockType::Kind::type_index && !known("type", type.type_index, module_.types.size())) return false;
  if (instruction_.op == Operator::if_ && !stack_.pop(ValueType::i32)) return false;
  return stack_.open(instruction_.op, type);
}

bool BodyValidator::else_branch() {
  if (stack_.label(0)->op != Operator::if_) return malformed("END opcode expected");
  ControlFrame closed;
  return stack_.close(closed) && stack_.open_else(closed);
}

bool BodyValidator::end_block() {
  ControlFrame closed;
  if (!stack_.close(closed)) return false;
  const std::span<const ValueType> results = stack_.results(closed.type);
  if (closed.op == Operator::if_) {
    // The missing else hands its parameters on as results.
    const std::span<const ValueType> parameters = stack_.parameters(closed.type);
    if (!std::equal(parameters.begin(), parameters.end(), results.begin(), results.end())) {
      return stack_.mismatch("of an if without else, whose parameters are not its results");
    }
  }
  stack_.push(results);
  return true;
}

bool BodyValidator::branch() {
  if (!known_label(instruction_.index)) return false;
  if (!stack_.pop(stack_.label_types(*stack_.label(instruction_.index)))) return false;
  stack_.set_unreachable();
  return true;
}

bool BodyValidator::branch_if() {
  if (!known_label(instruction_.index)) return false;
  return stack_.pop(ValueType::i32) && stack_.retype(stack_.label_types(*stack_.label(instruction_.index)));
}

bool BodyValidator::branch_table() {
  if (!stack_.pop(ValueType::i32) || !known_label(instruction_.index)) return false;
  const std::span<const ValueType> by_default = stack_.label_types(*stack_.label(instruction_.index));
  const ValueType* last = nullptr;  // tables name few targets many times
  for (const std::uint32_t label : instruction_.labels) {
    if (!known_label(label)) return false;
    const std::span<const ValueType> types = stack_.label_types(*stack_.label(label));
    if (types.size() != by_default.size()) {
      return stack_.mismatch(fmt::format("has targets of {} and of {} operands", by_default.size(), types.size()));
    }
    if (types.data() == last) continue;
    last = types.data();
    if (!stack_.top_is(types)) return false;
  }
  if (!stack_.pop(by_default)) return false;
  stack_.set_unreachable();
  return true;
}

bool BodyValidator::return_from() {
  if (!stack_.pop(stack_.results(stack_.outermost().type))) return false;
  stack_.set_unreachable();
  return true;
}

bool BodyValidator::call(const FunctionType& type) {
  if (!stack_.pop(type.parameters)) return false;
  stack_.push(type.results);
  return true;
}

bool BodyValidator::call_indirect() {
  if (!known("table", instruction_.second, module_.tables.size())) return false;
  if (module_.tables[instruction_.second].element != ValueType::funcref) {
    return stack_.mismatch(fmt::format("needs a table of funcref, table {} holds externref", instruction_.second));
  }
  return known("type", instruction_.index, module_.types.size()) && stack_.pop(ValueType::i32) &&
         call(module_.types[instruction_.index]);
}

bool BodyValidator::select() {
  ValueType first{};
  ValueType second{};
  if (!stack_.pop(ValueType::i32) || !stack_.pop_any(second) || !stack_.pop_any(first)) return false;
  if (is_reference(first) || is_reference(second)) return stack_.mismatch("of references needs a type");
  if (first != second && first != kAnyType && second != kAnyType) {
    return stack_.mismatch(fmt::format("has operands of types {} and {}", name_of(first), name_of(second)));
  }
  stack_.push(first == kAnyType ? second : first);
  return true;
}

bool BodyValidator::select_typed() {
  const ValueType type = instruction_.block_type.value;
  if (!stack_.pop(ValueType::i32) || !stack_.pop(type) || !stack_.pop(type)) return false;
  stack_.push(type);
  return true;
}

bool BodyValidator::variable() {
  const std::uint32_t index = instruction_.index;
  switch (instruction_.op) {
    case Operator::local_get:
      if (!known("local", index, locals_.size())) return false;
      stack_.push(locals_[index]);
      return true;
    case Operator::local_set:
      return known("local", index, locals_.size()) && stack_.pop(locals_[index]);
    case Operator::local_tee:
      if (!known("local", index, locals_.size()) || !stack_.pop(locals_[index])) return false;
      stack_.push(locals_[index]);
      return true;
    case Operator::global_get:
      if (!known("global", index, module_.globals.size())) return false;
      stack_.push(module_.globals[index].type.type);
      return true;
    default:
      if (!known("global", index, module_.globals.size())) return false;
      if (!module_.globals[index].type.is_mutable) return invalid("global is immutable");
      return stack_.pop(module_.globals[index].type.type);
  }
}

bool BodyValidator::table_operator() {
  if (!known("table", instruction_.index, module_.tables.size())) return false;
  const ValueType element = module_.tables[instruction_.index].element;
  switch (instruction_.op) {
    case Operator::table_get:
      if (!stack_.pop(ValueType::i32)) return false;
      stack_.push(element);
      return true;
    case Operator::table_set:
      return stack_.pop(element) && stack_.pop(ValueType::i32);
    case Operator::table_size:
      stack_.push(ValueType::i32);
      return true;
    case Operator::table_grow:
      if (!stack_.pop(ValueType::i32) || !stack_.pop(element)) return false;
      stack_.push(ValueType::i32);
      return true;
    default:  // table.fill
      return stack_.pop(ValueType::i32) && stack_.pop(element) && stack_.pop(ValueType::i32);
  }
}

bool BodyValidator::table_move() {
  const std::uint32_t index = instruction_.index;
  const std::uint32_t second = instruction_.second;
  if (instruction_.op == Operator::elem_drop) return known("elem segment", index, module_.elements.size());
  ValueType to{};
  ValueType from{};
  if (instruction_.op == Operator::table_init) {
    if (!known("table", second, module_.tables.size()) || !known("elem segment", index, module_.elements.size())) {
      return false;
    }
    to = module_.tables[second].element;
    from = module_.elements[index].type;
  } else {
    if (!known("table", index, module_.tables.size()) || !known("table", second, module_.tables.size())) return false;
    to = module_.tables[index].element;
    from = module_.tables[second].element;
  }
  if (to != from) return stack_.mismatch(fmt::format("moves {} into a table of {}", name_of(from), name_of(to)));
  return stack_.pop(ValueType::i32) && stack_.pop(ValueType::i32) && stack_.pop(ValueType::i32);
}

bool BodyValidator::reference() {
  switch (instruction_.op) {
    case Operator::ref_null:
      stack_.push(instruction_.block_type.value);
      return true;
    case Operator::ref_is_null: {
      ValueType type{};
      if (!stack_.pop_any(type)) return false;
      if (type != kAnyType && !is_reference(type)) {
        return stack_.mismatch(fmt::format("expects a reference, found {}", name_of(type)));
      }
      stack_.push(ValueType::i32);
      return true;
    }
    default:  // ref.func
      if (!known("function", instruction_.index, module_.functions.size())) return false;
      if (!module_.functions[instruction_.index].referenced) {
        return invalid(fmt::format("undeclared function reference {}", instruction_.index));
      }
      stack_.push(ValueType::funcref);
      return true;
  }
}

}  // namespace slack::wasm

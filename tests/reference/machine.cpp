// The interpreter's loop, control and variables.
#include "tests/reference/machine.hpp"

#include "daemon/base/worker_services.hpp"
#include "tests/reference/numeric.hpp"

namespace slack::reference {

using wasm::Operator;

namespace {

// More than it was given; thrown like a trap.
struct Unfinished {};

// 64 MB: more than generated code's stack of 8 MiB holds, as a frame there keeps most of its values in registers.
constexpr std::size_t kMostOperands = 4'000'000;

// A safepoint may stand behind these: at the end of what dominates the calls of a function.
bool is_branch(Operator op) {
  switch (op) {
    case Operator::loop:
    case Operator::if_:
    case Operator::br:
    case Operator::br_if:
    case Operator::br_table:
      return true;
    default:
      return false;
  }
}

}  // namespace

Ending Machine::instantiate(Store& store, Instance& instance) {
  if (const auto trap = store.initialise(instance)) return {trap, false, 0, {}};
  fuel_ = instantiation_fuel(instance.module);
  if (!instance.module.start) return {std::nullopt, false, fuel_, {}};
  fuel_ += services::kStartCallFuel;
  return run(*instance.functions[*instance.module.start]);
}

Ending Machine::call(Function& function, const std::vector<Value>& arguments) {
  fuel_ = 0;
  operands_.values = arguments;
  return run(function);
}

Ending Machine::run(Function& function) {
  Ending ending;
  try {
    enter(function);
    while (!frames_.empty()) step();
    ending.values = operands_.values;
  } catch (const Trapped& trapped) {
    ending.trap = trapped.trap;
  } catch (const Unfinished&) {
    ending.unfinished = true;
  }
  ending.fuel = fuel_;
  return ending;
}

void Machine::step() {
  Frame& frame = frames_.back();
  const Step& step = frame.function->body[frame.next++];
  const auto& instruction = step.instruction;
  fuel_ += wasm::base_cost_of(instruction.op);
  if (fuel_ > most_fuel_) throw Unfinished{};
  const auto depth = frames_.size();
  const bool known = control(step) || variable(instruction) || memory(instruction) ||
                     numeric(instruction.op, operands_) || bulk_memory(instruction) || table(instruction) ||
                     vector_memory(instruction) || vector_numeric(instruction, operands_);
  if (!known) throw Trapped{Trap::count};  // no trap has this name: nothing agrees with it
  if (frames_.size() != depth) return;
  pass(static_cast<std::uint32_t>(instruction.offset.count()), is_branch(instruction.op));
}

void Machine::pass(std::uint32_t offset, bool may_park) {
  const Function& function = *frames_.back().function;
  watch_.pass(function.instance->slot, function.index, offset, fuel_, may_park);
}

void Machine::enter(Function& function) {
  if (function.is_host) {
    watch_.pass_host(fuel_);
    operands_.values.resize(operands_.values.size() - function.type->parameters.size());
    return;
  }
  if (operands_.values.size() > kMostOperands) throw Unfinished{};
  const auto& definition = function.instance->module.functions[function.index];
  if (function.body.empty()) function.body = read_body(definition);
  const auto base = operands_.values.size() - function.type->parameters.size();
  operands_.values.resize(operands_.values.size() + definition.locals.size(), Value{0, 0});
  frames_.push_back({&function, 0, base, labels_.size()});
  labels_.push_back({static_cast<std::uint32_t>(function.body.size() - 1), function.type->results.size(),
                     operands_.values.size(), std::nullopt});
  fuel_ += 1;  // for the entry
  pass(static_cast<std::uint32_t>(definition.body_offset.count()), true);
}

// Results take the place of the locals.
void Machine::leave() {
  const auto results = static_cast<std::ptrdiff_t>(frames_.back().function->type->results.size());
  auto& values = operands_.values;
  const auto base = values.begin() + static_cast<std::ptrdiff_t>(frames_.back().base);
  values.erase(std::move(values.end() - results, values.end(), base), values.end());
  frames_.pop_back();
  if (frames_.empty()) return;
  const Frame& caller = frames_.back();
  pass(static_cast<std::uint32_t>(caller.function->body[caller.next - 1].instruction.offset.count()));
}

void Machine::open(const Step& step, std::optional<std::uint32_t> loop_offset) {
  const auto type = wasm::type_of(instance().module, step.instruction.block_type);
  const auto height = operands_.values.size() - type.parameters.size();
  if (loop_offset)
    labels_.push_back({frames_.back().next, type.parameters.size(), height, loop_offset});
  else
    labels_.push_back({step.end, type.results.size(), height, std::nullopt});
}

// To the `end` of a block, which is then executed, or to behind its `loop`.
void Machine::branch(std::uint32_t depth) {
  labels_.resize(labels_.size() - depth);
  const Label& label = labels_.back();
  auto& values = operands_.values;
  const auto carried = static_cast<std::ptrdiff_t>(label.arity);
  const auto height = values.begin() + static_cast<std::ptrdiff_t>(label.height);
  values.erase(std::move(values.end() - carried, values.end(), height), values.end());
  frames_.back().next = label.continuation;
}

// A loop's safepoint stands where its label is branched to, or before the branch that may do so.
void Machine::pass_loop(std::uint32_t depth) {
  const Label& label = labels_[labels_.size() - 1 - depth];
  if (label.loop_offset) pass(*label.loop_offset, true);
}

void Machine::call_indirect(const wasm::Instruction& instruction) {
  pass(static_cast<std::uint32_t>(instruction.offset.count()), true);
  const auto& elements = instance().tables[instruction.second]->elements;
  const auto index = operands_.pop<std::uint32_t>();
  if (index >= elements.size()) throw Trapped{Trap::undefined_element};
  if (elements[index] == 0) throw Trapped{Trap::uninitialized_element};
  auto& function = *reinterpret_cast<Function*>(elements[index]);
  if (*function.type != instance().module.types[instruction.index]) throw Trapped{Trap::indirect_call_type_mismatch};
  enter(function);
}

bool Machine::control(const Step& step) {
  const auto& instruction = step.instruction;
  Frame& frame = frames_.back();
  switch (instruction.op) {
    case Operator::unreachable:
      throw Trapped{Trap::unreachable};
    case Operator::nop:
      return true;
    case Operator::block:
      open(step, std::nullopt);
      return true;
    case Operator::loop:
      open(step, static_cast<std::uint32_t>(instruction.offset.count()));
      return true;
    case Operator::if_: {
      const auto condition = operands_.pop<std::uint32_t>();
      open(step, std::nullopt);
      if (condition == 0) {
        frame.next = step.otherwise;
        // The first operator of this arm may follow a safepoint that bears the offset of `else`.
        pass(static_cast<std::uint32_t>(frame.function->body[step.otherwise - 1].instruction.offset.count()));
      }
      return true;
    }
    case Operator::else_:  // the other arm has been executed
      frame.next = step.end;
      return true;
    case Operator::end:
      labels_.pop_back();
      if (labels_.size() != frame.labels) return true;
      pass(static_cast<std::uint32_t>(instruction.offset.count()));  // where a function may have a last safepoint
      leave();
      return true;
    case Operator::br:
      pass_loop(instruction.index);
      branch(instruction.index);
      return true;
    case Operator::br_if: {
      const auto condition = operands_.pop<std::uint32_t>();
      pass_loop(instruction.index);
      if (condition != 0) branch(instruction.index);
      return true;
    }
    case Operator::br_table: {
      const auto selector = operands_.pop<std::uint32_t>();
      const auto label = selector < instruction.labels.size() ? instruction.labels[selector] : instruction.index;
      pass_loop(label);
      branch(label);
      return true;
    }
    case Operator::return_:
      branch(static_cast<std::uint32_t>(labels_.size() - frame.labels - 1));
      return true;
    case Operator::call:
      pass(static_cast<std::uint32_t>(instruction.offset.count()), true);
      enter(*instance().functions[instruction.index]);
      return true;
    case Operator::call_indirect:
      call_indirect(instruction);
      return true;
    default:
      return false;
  }
}

bool Machine::variable(const wasm::Instruction& instruction) {
  auto& values = operands_.values;
  const auto local = [&]() -> Value& { return values[frames_.back().base + instruction.index]; };
  switch (instruction.op) {
    case Operator::drop:
      values.pop_back();
      return true;
    case Operator::select:
    case Operator::select_typed: {
      const auto condition = operands_.pop<std::uint32_t>();
      const auto otherwise = operands_.pop<Value>();
      if (condition == 0) values.back() = otherwise;
      return true;
    }
    case Operator::local_get:
      values.push_back(Value(local()));
      return true;
    case Operator::local_set:
      local() = values.back();
      values.pop_back();
      return true;
    case Operator::local_tee:
      local() = values.back();
      return true;
    case Operator::global_get:
      values.push_back(instance().globals[instruction.index]->value);
      return true;
    case Operator::global_set:
      instance().globals[instruction.index]->value = operands_.pop<Value>();
      return true;
    case Operator::i32_const:
    case Operator::i64_const:
    case Operator::f32_const:
    case Operator::f64_const:
      values.push_back({instruction.low, 0});
      return true;
    case Operator::ref_null:
      values.push_back({0, 0});
      return true;
    case Operator::ref_is_null:
      operands_.push(std::uint32_t{operands_.pop<std::uint64_t>() == 0});
      return true;
    case Operator::ref_func:
      values.push_back({reinterpret_cast<std::uint64_t>(instance().functions[instruction.index]), 0});
      return true;
    default:
      return false;
  }
}

}  // namespace slack::reference

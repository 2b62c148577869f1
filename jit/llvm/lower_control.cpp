// Control operators: blocks, branches and calls.
#include "jit/image/format.hpp"
#include "jit/llvm/function_lowering.hpp"
#include "jit/llvm/value_types.hpp"

namespace slack::jit {

using wasm::Operator;

bool FunctionLowering::lower_control(const wasm::Instruction& instruction) {
  switch (instruction.op) {
    case Operator::block:
    case Operator::loop:
    case Operator::if_:
      if (!reachable_) {
        push_dead_frame(instruction);
      } else if (instruction.op == Operator::block) {
        begin_block(instruction);
      } else if (instruction.op == Operator::loop) {
        begin_loop(instruction);
      } else {
        begin_if(instruction);
      }
      return true;
    case Operator::else_:
      begin_else();
      return true;
    case Operator::end:
      end_frame();
      return true;
    default:
      break;
  }
  if (!reachable_) return true;
  switch (instruction.op) {
    case Operator::nop:
      return true;
    case Operator::unreachable:
      trap(Trap::unreachable);
      reachable_ = false;
      return true;
    case Operator::br:
      branch(instruction.index);
      return true;
    case Operator::br_if:
      branch_if(instruction.index);
      return true;
    case Operator::br_table:
      branch_table(instruction);
      return true;
    case Operator::return_:
      branch(static_cast<std::uint32_t>(frames_.size() - 1));
      return true;
    case Operator::call:
      call(instruction.index);
      return true;
    case Operator::call_indirect:
      call_indirect(instruction.index, instruction.second);
      return true;
    default:
      return false;
  }
}

void FunctionLowering::push_dead_frame(const wasm::Instruction& instruction) {
  Frame frame;
  frame.kind = instruction.op;
  frame.height = stack_.size();
  frames_.push_back(std::move(frame));
}

void FunctionLowering::make_label(Label& label, const char* name, llvm::ArrayRef<wasm::ValueType> types) {
  label.block = new_block(name);
  llvm::IRBuilder<> builder(label.block);
  for (const auto type : types) {
    label.values.push_back(builder.CreatePHI(value_type(environment_.context(), type), 2));
  }
}

FunctionLowering::Frame& FunctionLowering::push_frame(const wasm::Instruction& instruction, const char* end_name) {
  const auto type = wasm::type_of(wasm_, instruction.block_type);
  Frame frame;
  frame.kind = instruction.op;
  frame.reachable = true;
  frame.height = stack_.size() - type.parameters.size();
  frame.offset = instruction.offset;
  frame.parameter_types = type.parameters;
  make_label(frame.end, end_name, type.results);
  frames_.push_back(std::move(frame));
  return frames_.back();
}

void FunctionLowering::begin_block(const wasm::Instruction& instruction) { push_frame(instruction, "block.end"); }

void FunctionLowering::begin_loop(const wasm::Instruction& instruction) {
  auto& frame = push_frame(instruction, "loop.end");
  make_label(frame.header, "loop", frame.parameter_types);
  add_incoming(frame.header);
  (void)pop_many(frame.parameter_types.size());
  builder_.CreateBr(frame.header.block);
  start_block(frame.header.block);
  if (polls_before_calls_) stretch_.begin_round();
  for (auto* value : frame.header.values) push(value);
}

void FunctionLowering::begin_if(const wasm::Instruction& instruction) {
  auto* condition = pop_condition();
  auto& frame = push_frame(instruction, "if.end");
  auto* then = new_block("then");
  frame.otherwise = new_block("else");
  frame.before = stretch_;
  frame.parameters.assign(stack_.begin() + static_cast<std::ptrdiff_t>(frame.height), stack_.end());
  builder_.CreateCondBr(condition, then, frame.otherwise);
  start_block(then);
}

void FunctionLowering::begin_else() {
  auto& frame = frames_.back();
  if (!frame.reachable) return;
  if (reachable_) go_to(frame.end);
  start_block(std::exchange(frame.otherwise, nullptr));
  stretch_ = frame.before;
  stack_.resize(frame.height);
  for (auto* value : frame.parameters) push(value);
  reachable_ = true;
}

void FunctionLowering::end_frame() {
  auto& frame = frames_.back();
  if (frame.reachable) {
    if (frame.otherwise) begin_else();  // an `if` without `else` passes its parameters on
    if (reachable_) go_to(frame.end);
    if (frame.kind == Operator::loop) end_loop(frame);
    stack_.resize(frame.height);
    reachable_ = !frame.end.block->use_empty();
    if (reachable_) {
      start_block(frame.end.block);
      stretch_ = frame.end.stretch;
      for (auto* value : frame.end.values) push(value);
    } else {
      frame.end.block->eraseFromParent();
    }
  }
  frames_.pop_back();
  if (frames_.empty() && reachable_) end_function();
}

// All branches to a loop's label meet in one block, which holds the loop's safepoint. Where there is one branch only,
// and it is conditional, the safepoint stands before it: the loop is then tested at its end, where most are known to
// be, instead of left in the middle.
void FunctionLowering::end_loop(Frame& frame) {
  if (frame.back_edge.block) {
    auto* only = frame.back_edge.block->getUniquePredecessor();
    auto* test = only ? llvm::dyn_cast<llvm::BranchInst>(only->getTerminator()) : nullptr;
    const bool before_test = test && test->isConditional();
    start_block(frame.back_edge.block);
    const auto made = before_test ? fuel_->safepoint_at_end(*only, frame.offset) : fuel_->safepoint(frame.offset);
    if (polls_before_calls_) {
      loops_[frame.header.block] = {made, frame.back_edge.block, frame.back_edge.stretch.is_round_short()};
    }
    for (std::size_t i = 0; i < frame.header.values.size(); ++i) {
      frame.header.values[i]->addIncoming(frame.back_edge.values[i], frame.back_edge.block);
    }
    builder_.CreateBr(frame.header.block);
  }
}

void FunctionLowering::end_function() {
  poll_before_return();  // branches that may or may not return do not poll themselves
  llvm::SmallVector<llvm::Value*, 4> results(stack_.begin(), stack_.end());
  if (auto* fuel = fuel_->returned()) insert_fuel(results, fuel_result(type_), fuel);
  return_packed(builder_, function_.getReturnType(), results);
}

FunctionLowering::Label& FunctionLowering::branch_target(std::uint32_t depth) {
  auto& frame = frames_[frames_.size() - 1 - depth];
  if (frame.kind != Operator::loop) return frame.end;
  if (!frame.back_edge.block) make_label(frame.back_edge, "back_edge", frame.parameter_types);
  return frame.back_edge;
}

// The topmost values of the stack travel along the branch that is about to be made from here.
void FunctionLowering::add_incoming(Label& label) {
  const auto base = stack_.size() - label.values.size();
  for (std::size_t i = 0; i < label.values.size(); ++i) {
    label.values[i]->addIncoming(stack_[base + i], builder_.GetInsertBlock());
  }
  label.stretch.join(stretch_);
}

void FunctionLowering::go_to(Label& label) {
  if (label.block == frames_.front().end.block) poll_before_return();
  add_incoming(label);
  builder_.CreateBr(label.block);
}

void FunctionLowering::branch(std::uint32_t depth) {
  go_to(branch_target(depth));
  reachable_ = false;
}

void FunctionLowering::branch_if(std::uint32_t depth) {
  auto* condition = pop_condition();
  auto& target = branch_target(depth);
  auto* next = new_block("next");
  add_incoming(target);
  builder_.CreateCondBr(condition, target.block, next);
  start_block(next);
}

void FunctionLowering::branch_table(const wasm::Instruction& instruction) {
  auto* selector = pop();
  auto& otherwise = branch_target(instruction.index);
  add_incoming(otherwise);
  auto* table = builder_.CreateSwitch(selector, otherwise.block, static_cast<unsigned>(instruction.labels.size()));
  for (std::uint32_t i = 0; i < instruction.labels.size(); ++i) {
    auto& target = branch_target(instruction.labels[i]);
    add_incoming(target);
    table->addCase(builder_.getInt32(i), target.block);
  }
  reachable_ = false;
}

void FunctionLowering::call(std::uint32_t index) {
  const auto& type = wasm_.type_of(index);
  const auto arguments = pop_many(type.parameters.size());
  llvm::Value* target =
      index < wasm_.imported_functions ? environment_.import_code(builder_, index) : environment_.function(index);
  call_internal(target, type, arguments, environment_.polls()[index]);
}

void FunctionLowering::call_internal(llvm::Value* target, const wasm::FunctionType& type, const Values& arguments,
                                     const meter::Callee& callee) {
  fuel_->charge(Fuel(callee.prepaid));
  llvm::SmallVector<llvm::Value*, 8> passed(arguments.begin(), arguments.end());
  if (auto* fuel = fuel_->exact()) insert_fuel(passed, fuel_parameter(type), fuel);
  auto* result =
      builder_.CreateCall(internal_type(environment_.context(), type, environment_.counts_fuel()), target, passed);
  result->setCallingConv(llvm::CallingConv::Fast);
  result->setDoesNotThrow();
  auto parts = unpack(builder_, result);
  if (environment_.counts_fuel()) {
    result->addFnAttr(fuel_attribute(environment_.context(), fuel_result(type)));
    fuel_->set(remove_fuel(parts, fuel_result(type)));
    // Handing fuel over, taking it back and adding to it: what the inliner would take this call to cost in addition.
    result->addFnAttr(llvm::Attribute::get(environment_.context(), "call-threshold-bonus", "10"));
  }
  fuel_->begin_node();
  fuel_->charge(Fuel(callee.owed));
  for (auto* part : parts) push(part);
}

void FunctionLowering::call_indirect(std::uint32_t type_index, std::uint32_t table) {
  auto& context = environment_.context();
  const auto& type = wasm_.types[type_index];
  auto* index = pop();
  const auto arguments = pop_many(type.parameters.size());
  auto* element = element_address(table, index, Trap::undefined_element);
  auto* reference = builder_.CreateAlignedLoad(llvm::PointerType::get(context, 0), element, llvm::Align(8));
  trap_if(builder_.CreateIsNull(reference), Trap::uninitialized_element);
  // Descriptors stand in the image and never change.
  auto* forever = llvm::MDNode::get(context, {});
  auto* signature = builder_.CreateAlignedLoad(
      builder_.getInt64Ty(),
      builder_.CreateConstInBoundsGEP1_64(builder_.getInt8Ty(), reference, offsetof(FunctionDescriptor, signature)),
      llvm::Align(8));
  signature->setMetadata(llvm::LLVMContext::MD_invariant_load, forever);
  trap_if(builder_.CreateICmpNE(signature, builder_.getInt64(image::digest_of(type.parameters, type.results))),
          Trap::indirect_call_type_mismatch);
  auto* code = builder_.CreateAlignedLoad(llvm::PointerType::get(context, 0), reference, llvm::Align(8));
  code->setMetadata(llvm::LLVMContext::MD_invariant_load, forever);
  call_internal(code, type, arguments, meter::kUnknownCallee);
}

}  // namespace slack::jit

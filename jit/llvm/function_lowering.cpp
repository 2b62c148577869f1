// FunctionLowering: one function body, operator by operator, into LLVM IR.
#include "jit/llvm/function_lowering.hpp"

#include <llvm/IR/CFG.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/Transforms/Utils/PromoteMemToReg.h>

#include <algorithm>

#include "jit/llvm/load_anchor.hpp"
#include "jit/llvm/value_types.hpp"

namespace slack::jit {

namespace {

constexpr std::uint32_t kLongestQuickBlock = 512;

}  // namespace

FunctionLowering::FunctionLowering(Environment& environment, std::uint32_t index)
    : environment_(environment),
      wasm_(environment.wasm()),
      index_(index),
      definition_(wasm_.functions[index]),
      type_(wasm_.type_of(index)),
      function_(*environment.function(index)),
      builder_(environment.context()),
      offset_(definition_.body_offset),
      vectors_(builder_, stack_, environment.options().canonical_nans) {}

wasm::Checked<void> FunctionLowering::run() {
  begin();
  wasm::OperatorReader reader(definition_.body, definition_.body_offset);
  wasm::Instruction instruction;
  while (!reader.at_end()) {
    if (auto read = reader.next(instruction); !read) return read;
    if (auto lowered = lower(instruction); !lowered) return lowered;
  }
  finish();
  return {};
}

void FunctionLowering::begin() {
  auto* entry = llvm::BasicBlock::Create(environment_.context(), "entry", &function_);
  builder_.SetInsertPoint(entry);
  builder_.SetCurrentDebugLocation(llvm::DILocation::get(environment_.context(), static_cast<unsigned>(offset_.count()),
                                                         0, environment_.subprogram(index_)));
  llvm::SmallVector<llvm::Value*, 8> arguments;
  for (auto& argument : function_.args()) arguments.push_back(&argument);
  llvm::Value* fuel = nullptr;
  if (environment_.counts_fuel()) {
    fuel = remove_fuel(arguments, fuel_parameter(type_));
    fuel->setName("fuel");
  }
  fuel_.emplace(environment_, builder_, index_, fuel);
  if (!wasm_.memories.empty()) memory_base_ = environment_.memory_base(builder_);
  const auto add_local = [&](wasm::ValueType type, llvm::Value* initial) {
    auto* slot = builder_.CreateAlloca(value_type(environment_.context(), type), nullptr,
                                       "local" + std::to_string(locals_.size()));
    builder_.CreateStore(initial, slot);
    locals_.push_back(slot);
  };
  for (std::size_t i = 0; i < arguments.size(); ++i) add_local(type_.parameters[i], arguments[i]);
  for (const auto local : definition_.locals) {
    add_local(local, llvm::Constant::getNullValue(value_type(environment_.context(), local)));
  }
  Frame frame;
  frame.kind = wasm::Operator::block;
  frame.reachable = true;
  frame.offset = offset_;
  make_label(frame.end, "return", type_.results);
  frames_.push_back(std::move(frame));
  fuel_->begin_node();
  fuel_->charge(environment_.costs().function_entry());
  poll_at_entry();
}

// At -O0 the selector goes over what is left of a block for each instruction that it does not select fast, such as
// those of vectors: 30,000 of them in one block took 75 s.
void FunctionLowering::break_long_block() {
  if (environment_.partition().effort != Effort::quick || !reachable_ || ++block_operators_ < kLongestQuickBlock)
    return;
  auto* next = new_block("next");
  builder_.CreateBr(next);
  start_block(next);
}

wasm::Checked<void> FunctionLowering::lower(const wasm::Instruction& instruction) {
  if (reachable_) poll_before(instruction);
  offset_ = instruction.offset;
  if (!reachable_) {
    lower_control(instruction);
    return {};
  }
  builder_.SetCurrentDebugLocation(llvm::DILocation::get(environment_.context(), static_cast<unsigned>(offset_.count()),
                                                         0, environment_.subprogram(index_)));
  fuel_->charge(environment_.costs().of(instruction.op));
  poll_before_call(instruction);
  if (lower_variable(instruction) || lower_memory(instruction) || lower_control(instruction) ||
      lower_integer_comparison(instruction) || lower_integer(instruction) || lower_float(instruction) ||
      lower_conversion(instruction) || lower_bulk_memory(instruction) || lower_table(instruction) ||
      lower_reference(instruction) || lower_vector_memory(instruction) || vectors_.lower(instruction)) {
    break_long_block();
    return {};
  }
  return tl::unexpected(wasm::Refusal{wasm::Refusal::Kind::unsupported,
                                      "operator " + std::string(wasm::name_of(instruction.op)), offset_});
}

void FunctionLowering::finish() {
  settle_polls_before_calls();
  fuel_->place(meter::potential_plan);
  if (environment_.partition().effort == Effort::quick) {
    hold_loads(memory_loads_);
    return;
  }
  llvm::DominatorTree dominators(function_);
  std::vector<llvm::AllocaInst*> slots = locals_;
  if (fuel_->slot()) slots.push_back(fuel_->slot());
  llvm::PromoteMemToReg(slots, dominators);
  anchor_loads(memory_loads_);
}

llvm::BasicBlock* FunctionLowering::new_block(const char* name) {
  return llvm::BasicBlock::Create(environment_.context(), name, &function_);
}

void FunctionLowering::start_block(llvm::BasicBlock* block) {
  // Blocks stand in the order in which their code stands in the module.
  block->moveAfter(&function_.back());
  block_operators_ = 0;
  builder_.SetInsertPoint(block);
  fuel_->begin_node();
}

llvm::Value* FunctionLowering::pop() {
  auto* value = stack_.back();
  stack_.pop_back();
  return value;
}

// The condition that `value` is 1 or 0 by; null if it is any other number. Of a comparison with 0 of a comparison the
// estimates of branches would make something else than of the comparison.
llvm::Value* FunctionLowering::condition_in(llvm::Value* value) {
  const auto* extended = llvm::dyn_cast<llvm::ZExtInst>(value);
  return extended && extended->getSrcTy()->isIntegerTy(1) ? extended->getOperand(0) : nullptr;
}

// Whether the topmost value is other than 0.
llvm::Value* FunctionLowering::pop_condition() {
  auto* value = pop();
  auto* condition = condition_in(value);
  return condition ? condition : builder_.CreateICmpNE(value, builder_.getInt32(0));
}

FunctionLowering::Values FunctionLowering::pop_many(std::size_t count) {
  Values values(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
  stack_.resize(stack_.size() - count);
  return values;
}

void FunctionLowering::append_place(llvm::SmallVectorImpl<llvm::Value*>& arguments) {
  arguments.push_back(builder_.getInt32(index_));
  arguments.push_back(builder_.getInt32(static_cast<std::uint32_t>(offset_.count())));
}

void FunctionLowering::trap(Trap trap) {
  llvm::SmallVector<llvm::Value*, 3> arguments{builder_.getInt32(static_cast<std::uint32_t>(trap))};
  append_place(arguments);
  fuel_->never_runs();
  auto* call = environment_.call_service(builder_, Service::trap, builder_.getVoidTy(), arguments, fuel_->exact());
  call->setDoesNotReturn();
  call->addFnAttr(llvm::Attribute::Cold);
  builder_.CreateUnreachable();
}

void FunctionLowering::trap_if(llvm::Value* condition, Trap kind) {
  const auto* constant = llvm::dyn_cast<llvm::ConstantInt>(condition);
  if (constant && constant->isZero()) return;
  auto* trapped = new_block("trap");
  auto* next = new_block("next");
  builder_.CreateCondBr(condition, trapped, next);
  start_block(trapped);
  trap(kind);
  start_block(next);
}

llvm::CallInst* FunctionLowering::call_service(Service service, llvm::Type* result,
                                               llvm::ArrayRef<llvm::Value*> arguments) {
  auto* call = environment_.call_service(builder_, service, result, arguments, fuel_->exact());
  if (fuel_->slot()) fuel_->set(environment_.load_fuel(builder_));
  fuel_->begin_node();
  return call;
}

llvm::Value* FunctionLowering::intrinsic(unsigned id, llvm::ArrayRef<llvm::Value*> arguments) {
  return builder_.CreateIntrinsic(static_cast<llvm::Intrinsic::ID>(id), {arguments.front()->getType()}, arguments);
}

}  // namespace slack::jit

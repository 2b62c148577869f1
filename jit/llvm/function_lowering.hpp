// FunctionLowering: one function body, operator by operator, into LLVM IR.
//
// The operand stack exists at lowering time only; locals are stack slots until mem2reg; each label is a block with a
// phi for each of its values. Code that cannot be reached is neither lowered nor charged. The operators are divided
// over lower_*.cpp; each of those functions returns whether the operator was one of its own.
#pragma once

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/MapVector.h>
#include <llvm/IR/IRBuilder.h>

#include <functional>
#include <vector>

#include "daemon/wire/trap.hpp"
#include "jit/llvm/environment.hpp"
#include "jit/llvm/fuel_counter.hpp"
#include "jit/llvm/lower_simd.hpp"
#include "jit/meter/stretch.hpp"
#include "jit/wasm/operator.hpp"

namespace slack::jit {

class FunctionLowering {
 public:
  FunctionLowering(Environment& environment, std::uint32_t index);
  // Refuses what this compiler cannot lower.
  [[nodiscard]] wasm::Checked<void> run();

 private:
  using Values = llvm::SmallVector<llvm::Value*, 4>;

  // Where branches to a label go: a block and a phi for each value they carry.
  struct Label {
    llvm::BasicBlock* block = nullptr;
    llvm::SmallVector<llvm::PHINode*, 2> values;
    meter::Stretch stretch;  // over all ways to it
  };
  struct Frame {
    wasm::Operator kind{};
    bool reachable = false;                 // was its beginning
    std::size_t height = 0;                 // of the operand stack below its parameters
    WasmOffset offset;                      // of its operator
    Label end;                              // what follows it
    Label back_edge;                        // loop: where branches to its label go; made by the first of them
    Label header;                           // loop
    llvm::BasicBlock* otherwise = nullptr;  // if: the else part, until it is begun
    Values parameters;                      // if: for the else part
    meter::Stretch before;                  // if: for the else part
    std::vector<wasm::ValueType> parameter_types;
  };

  // function_lowering.cpp
  void begin();
  [[nodiscard]] wasm::Checked<void> lower(const wasm::Instruction& instruction);
  void finish();
  void break_long_block();
  void start_block(llvm::BasicBlock* block);
  [[nodiscard]] llvm::BasicBlock* new_block(const char* name);
  void push(llvm::Value* value) { stack_.push_back(value); }
  [[nodiscard]] llvm::Value* pop();
  [[nodiscard]] static llvm::Value* condition_in(llvm::Value* value);
  [[nodiscard]] llvm::Value* pop_condition();
  [[nodiscard]] Values pop_many(std::size_t count);
  void trap(Trap trap);
  void trap_if(llvm::Value* condition, Trap trap);
  llvm::CallInst* call_service(Service service, llvm::Type* result, llvm::ArrayRef<llvm::Value*> arguments);
  void append_place(llvm::SmallVectorImpl<llvm::Value*>& arguments);
  [[nodiscard]] llvm::Value* intrinsic(unsigned id, llvm::ArrayRef<llvm::Value*> arguments);

  // lower_poll.cpp
  FuelCounter::Poll poll();
  [[nodiscard]] const meter::Callee* callee_of(const wasm::Instruction& instruction) const;
  void poll_at_entry();
  void poll_before(const wasm::Instruction& instruction);
  void poll_before_call(const wasm::Instruction& instruction);
  void poll_before_return();
  void settle_polls_before_calls();

  // lower_control.cpp
  bool lower_control(const wasm::Instruction& instruction);
  void begin_block(const wasm::Instruction& instruction);
  void begin_loop(const wasm::Instruction& instruction);
  void begin_if(const wasm::Instruction& instruction);
  void begin_else();
  void end_frame();
  void end_loop(Frame& frame);
  void end_function();
  void push_dead_frame(const wasm::Instruction& instruction);
  Frame& push_frame(const wasm::Instruction& instruction, const char* end_name);
  void make_label(Label& label, const char* name, llvm::ArrayRef<wasm::ValueType> types);
  [[nodiscard]] Label& branch_target(std::uint32_t depth);
  void add_incoming(Label& label);
  void go_to(Label& label);
  void branch(std::uint32_t depth);
  void branch_if(std::uint32_t depth);
  void branch_table(const wasm::Instruction& instruction);
  void call(std::uint32_t index);
  void call_indirect(std::uint32_t type, std::uint32_t table);
  void call_internal(llvm::Value* target, const wasm::FunctionType& type, const Values& arguments,
                     const meter::Callee& callee);

  // lower_variable.cpp
  bool lower_variable(const wasm::Instruction& instruction);
  void get_global(std::uint32_t index);

  // lower_memory.cpp
  bool lower_memory(const wasm::Instruction& instruction);
  bool lower_bulk_memory(const wasm::Instruction& instruction);
  [[nodiscard]] llvm::Value* address(std::uint32_t offset);
  void load(const wasm::Instruction& instruction, llvm::Type* stored, llvm::Type* value, bool is_signed);
  void store(const wasm::Instruction& instruction, llvm::Type* stored);

  // lower_simd_memory.cpp; all other vector operators: lower_simd.hpp
  bool lower_vector_memory(const wasm::Instruction& instruction);
  [[nodiscard]] llvm::Value* load_part(const wasm::Instruction& instruction, llvm::Type* stored);
  void push_vector(llvm::Value* value);
  void load_extended(const wasm::Instruction& instruction, unsigned lane_bits, bool is_signed);
  void load_splat(const wasm::Instruction& instruction, unsigned bits);
  void load_zero(const wasm::Instruction& instruction, unsigned bits);
  void load_lane(const wasm::Instruction& instruction, unsigned bits);
  void store_lane(const wasm::Instruction& instruction, unsigned bits);

  // lower_reference.cpp
  bool lower_reference(const wasm::Instruction& instruction);
  bool lower_table(const wasm::Instruction& instruction);
  [[nodiscard]] llvm::Value* table_size(std::uint32_t table);
  [[nodiscard]] llvm::Value* element_address(std::uint32_t table, llvm::Value* index, Trap out_of_bounds);

  // lower_integer.cpp
  bool lower_integer_comparison(const wasm::Instruction& instruction);
  bool lower_integer(const wasm::Instruction& instruction);
  void compare(llvm::CmpInst::Predicate predicate);
  void divide(bool is_signed, bool remainder);
  void shift(llvm::Instruction::BinaryOps operation);
  void rotate(unsigned intrinsic_id);
  void binary(llvm::Instruction::BinaryOps operation);

  // lower_float.cpp
  bool lower_float(const wasm::Instruction& instruction);
  void float_binary(llvm::Instruction::BinaryOps operation);
  void float_unary(unsigned intrinsic_id);
  void float_sign(const wasm::Instruction& instruction);
  void minimum_or_maximum(bool maximum);
  [[nodiscard]] llvm::Value* arithmetic(llvm::Value* result);

  // lower_conversion.cpp
  bool lower_conversion(const wasm::Instruction& instruction);
  void truncate(llvm::Type* to, bool is_signed);
  void truncate_saturating(llvm::Type* to, bool is_signed);
  void extend_in_place(unsigned bits);

  Environment& environment_;
  const wasm::Module& wasm_;
  std::uint32_t index_;
  const wasm::Function& definition_;
  const wasm::FunctionType& type_;
  llvm::Function& function_;
  llvm::IRBuilder<> builder_;
  std::optional<FuelCounter> fuel_;
  llvm::Value* memory_base_ = nullptr;

  bool reachable_ = true;
  WasmOffset offset_;  // of the operator being lowered
  meter::Stretch stretch_;
  // A loop's poll on its back edge.
  struct BackEdgePoll {
    FuelCounter::Poll poll;
    llvm::BasicBlock* latch;
    bool is_round_short;  // so that it is not needed where the round polls at the first of polled_calls_
  };

  // Of a function that polls before its calls of what may poll: the poll before the first of each block, in the order
  // of the code; and loops, by their headers.
  bool polls_before_calls_ = false;
  llvm::SmallDenseMap<llvm::BasicBlock*, BackEdgePoll> loops_;
  llvm::MapVector<llvm::BasicBlock*, FuelCounter::Poll> polled_calls_;
  std::uint32_t block_operators_ = 0;
  std::vector<llvm::Value*> stack_;
  VectorLowering vectors_;
  std::vector<Frame> frames_;
  std::vector<llvm::AllocaInst*> locals_;
  std::vector<llvm::LoadInst*> memory_loads_;  // all loads from linear memory: each keeps its trap
};

}  // namespace slack::jit

// FuelCounter: fuel of one function while it is lowered. It divides the code into the nodes of a meter::Graph, and when
// the function is complete has a planner place the adds.
//
// The counter is a stack slot that mem2reg turns into SSA values. Every node begins with an add whose amount is filled
// in by place(); what the plan leaves empty is removed again.
#pragma once

#include <llvm/ADT/MapVector.h>
#include <llvm/IR/IRBuilder.h>

#include <vector>

#include "jit/llvm/environment.hpp"
#include "jit/meter/block_plan.hpp"

namespace slack::jit {

using Planner = meter::Plan (*)(const meter::Graph&);

class FuelCounter {
 public:
  // `builder` stands at the end of the entry block; `fuel` is null in mode `none`, where all of this does nothing.
  FuelCounter(Environment& environment, llvm::IRBuilder<>& builder, std::uint32_t function, llvm::Value* fuel);

  [[nodiscard]] llvm::AllocaInst* slot() const { return slot_; }

  // Begins a node at the builder's position: at the start of each block, and after each observation.
  void begin_node();
  // Adds to the cost of the current node.
  void charge(Fuel cost);

  // The current node leads nowhere but to a trap.
  void never_runs();
  // Ends the node with an observation that needs the exact figure, and returns that (null in mode `none`).
  [[nodiscard]] llvm::Value* exact();
  // Ends the node with a return, and returns what callers expect: the exact figure less what they add.
  [[nodiscard]] llvm::Value* returned();
  // The counter after a call: what the callee returned, to which the next node adds what that owed.
  void set(llvm::Value* fuel);
  // A safepoint, and the node that ends with it. Null where this mode has no safepoints.
  struct Poll {
    llvm::CallInst* marker = nullptr;
    meter::NodeId node = 0;
  };
  // Ends the node with a safepoint for the operator at `offset`, where this mode has safepoints.
  Poll safepoint(WasmOffset offset);
  // Takes it away again. Its node remains, without an observation.
  void drop(const Poll& poll);
  // The same at the end of `block`, which is complete.
  Poll safepoint_at_end(llvm::BasicBlock& block, WasmOffset offset);

  // Plans and places the adds, where they run least. The function is complete.
  void place(Planner planner);

 private:
  struct Start {
    llvm::LoadInst* load;
    llvm::BinaryOperator* add;
    llvm::StoreInst* store;
  };
  struct Crossing {
    llvm::Instruction* terminator;  // null: both nodes are in one block
    llvm::BasicBlock* target;
  };
  llvm::CallInst* make_marker(llvm::IRBuilder<>& builder, WasmOffset offset);
  void finish_start(const Start& start, std::int64_t amount);
  void add_on_edge(const Crossing& crossing, std::int64_t amount);
  void add_edges(std::vector<Crossing>& crossings);
  void estimate_frequencies(const std::vector<Crossing>& crossings);

  Environment& environment_;
  llvm::IRBuilder<>& builder_;
  std::uint32_t function_;
  llvm::AllocaInst* slot_ = nullptr;
  meter::Graph graph_;
  std::vector<Start> starts_;                // by node
  std::vector<llvm::CallInst*> safepoints_;  // by node; null where it ends otherwise
  llvm::MapVector<llvm::BasicBlock*, std::vector<meter::NodeId>> nodes_of_;
};

}  // namespace slack::jit

// FuelCounter: fuel of one function while it is lowered.
#include "jit/llvm/fuel_counter.hpp"

#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/IR/CFG.h>
#include <llvm/Support/ErrorHandling.h>

namespace slack::jit {

FuelCounter::FuelCounter(Environment& environment, llvm::IRBuilder<>& builder, std::uint32_t function,
                         llvm::Value* fuel)
    : environment_(environment), builder_(builder), function_(function) {
  if (!fuel) return;
  slot_ = builder.CreateAlloca(builder.getInt64Ty(), nullptr, "fuel");
  builder.CreateStore(fuel, slot_);
}

void FuelCounter::begin_node(double frequency) {
  if (!slot_) return;
  const auto node = static_cast<meter::NodeId>(graph_.nodes.size());
  graph_.nodes.push_back({0, meter::Observation::none, frequency});
  nodes_of_[builder_.GetInsertBlock()].push_back(node);
  Start start{};
  start.load = builder_.CreateLoad(builder_.getInt64Ty(), slot_, "fuel");
  // Made by hand: the builder would fold an addition of nothing, whose amount is not known before the plan is.
  start.add = llvm::BinaryOperator::CreateAdd(start.load, builder_.getInt64(0), "fuel");
  builder_.Insert(start.add);
  start.store = builder_.CreateStore(start.add, slot_);
  starts_.push_back(start);
  safepoints_.push_back(nullptr);
}

void FuelCounter::charge(Fuel cost) {
  if (slot_) graph_.nodes.back().cost += cost.count();
}

void FuelCounter::never_runs() {
  if (slot_) graph_.nodes.back().frequency = 0;
}

llvm::Value* FuelCounter::exact() {
  if (!slot_) return nullptr;
  graph_.nodes.back().observation = meter::Observation::transfer;
  return builder_.CreateLoad(builder_.getInt64Ty(), slot_, "fuel");
}

void FuelCounter::set(llvm::Value* fuel) {
  if (slot_) builder_.CreateStore(fuel, slot_);
}

void FuelCounter::safepoint(WasmOffset offset) {
  if (!environment_.has_safepoints()) return;
  auto* marker = make_marker(builder_, offset);
  if (!slot_) return;
  graph_.nodes.back().observation = meter::Observation::safepoint;
  safepoints_.back() = marker;
}

void FuelCounter::safepoint_at_end(llvm::BasicBlock& block, WasmOffset offset) {
  if (!environment_.has_safepoints()) return;
  llvm::IRBuilder<> builder(block.getTerminator());
  builder.SetCurrentDebugLocation(block.getTerminator()->getDebugLoc());
  auto* marker = make_marker(builder, offset);
  if (!slot_) return;
  const auto node = nodes_of_[&block].back();
  graph_.nodes[node].observation = meter::Observation::safepoint;
  safepoints_[node] = marker;
}

llvm::CallInst* FuelCounter::make_marker(llvm::IRBuilder<>& builder, WasmOffset offset) {
  llvm::Value* fuel = builder.getInt64(0);
  if (slot_) fuel = builder.CreateLoad(builder.getInt64Ty(), slot_, "fuel");
  return builder.CreateCall(environment_.safepoint_marker(),
                            {fuel, builder.getInt32(function_),
                             builder.getInt32(static_cast<std::uint32_t>(offset.count())), builder.getInt64(0)});
}

void FuelCounter::place(Planner planner) {
  if (!slot_) return;
  std::vector<Crossing> crossings;
  add_edges(crossings);
  auto plan = planner(graph_);
  for (std::size_t i = 0; i < crossings.size(); ++i) {
    if (plan.edge_adds[i] == 0) continue;
    if (crossings[i].terminator) {
      add_on_edge(crossings[i], plan.edge_adds[i]);
    } else {
      plan.node_adds[graph_.edges[i].to] += plan.edge_adds[i];  // the only way into that node
    }
  }
  for (std::size_t node = 0; node < starts_.size(); ++node) {
    if (safepoints_[node]) {
      safepoints_[node]->setArgOperand(3, builder_.getInt64(plan.owed[node]));
    } else if (graph_.nodes[node].observation == meter::Observation::transfer && plan.owed[node] != 0) {
      llvm::report_fatal_error("block plan owes fuel at a transfer");
    }
    finish_start(starts_[node], plan.node_adds[node]);
  }
}

// Edges inside a block, from a node to the next; then edges of the control-flow graph, one for each pair of blocks.
void FuelCounter::add_edges(std::vector<Crossing>& crossings) {
  for (const auto& [block, nodes] : nodes_of_) {
    for (std::size_t i = 0; i + 1 < nodes.size(); ++i) {
      graph_.edges.push_back({nodes[i], nodes[i + 1], true});
      crossings.push_back({nullptr, block});
    }
    auto* terminator = block->getTerminator();
    llvm::SmallPtrSet<llvm::BasicBlock*, 8> seen;
    for (auto* successor : llvm::successors(block)) {
      if (!seen.insert(successor).second) continue;
      const auto found = nodes_of_.find(successor);
      if (found == nodes_of_.end()) llvm::report_fatal_error("a block without a node");
      graph_.edges.push_back({nodes.back(), found->second.front(), true});
      crossings.push_back({terminator, successor});
    }
  }
}

void FuelCounter::finish_start(const Start& start, std::int64_t amount) {
  if (amount != 0) {
    start.add->setOperand(1, builder_.getInt64(static_cast<std::uint64_t>(amount)));
    return;
  }
  start.store->eraseFromParent();
  start.add->eraseFromParent();
  start.load->eraseFromParent();
}

// An edge gets its add in a block of its own; simplification joins it to a neighbour where it can.
void FuelCounter::add_on_edge(const Crossing& crossing, std::int64_t amount) {
  auto* from = crossing.terminator->getParent();
  auto* block = llvm::BasicBlock::Create(environment_.context(), "", from->getParent(), crossing.target);
  llvm::IRBuilder<> builder(block);
  builder.SetCurrentDebugLocation(crossing.terminator->getDebugLoc());
  auto* load = builder.CreateLoad(builder.getInt64Ty(), slot_, "fuel");
  builder.CreateStore(builder.CreateAdd(load, builder.getInt64(static_cast<std::uint64_t>(amount))), slot_);
  builder.CreateBr(crossing.target);
  crossing.terminator->replaceSuccessorWith(crossing.target, block);
  for (auto& phi : crossing.target->phis()) {
    llvm::Value* value = phi.getIncomingValueForBlock(from);
    // A switch may have several edges from one block to another: one remains, from the new block.
    while (phi.getBasicBlockIndex(from) >= 0) phi.removeIncomingValue(from, false);
    phi.addIncoming(value, block);
  }
}

}  // namespace slack::jit

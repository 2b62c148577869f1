// FuelCounter: fuel of one function while it is lowered.
#include "jit/llvm/fuel_counter.hpp"

#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/Analysis/BlockFrequencyInfo.h>
#include <llvm/Analysis/BranchProbabilityInfo.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/Dominators.h>
#include <llvm/Support/ErrorHandling.h>

#include "jit/llvm/add_places.hpp"

namespace slack::jit {

FuelCounter::FuelCounter(Environment& environment, llvm::IRBuilder<>& builder, std::uint32_t function,
                         llvm::Value* fuel)
    : environment_(environment), builder_(builder), function_(function) {
  if (!fuel) return;
  graph_.prepaid = environment.polls()[function].prepaid;
  slot_ = builder.CreateAlloca(builder.getInt64Ty(), nullptr, "fuel");
  builder.CreateStore(fuel, slot_);
}

void FuelCounter::begin_node() {
  if (!slot_) return;
  const auto node = static_cast<meter::NodeId>(graph_.nodes.size());
  graph_.nodes.push_back({0, meter::Observation::none, 1.0});
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

llvm::Value* FuelCounter::returned() {
  if (slot_) graph_.nodes.back().owed = environment_.polls()[function_].owed;
  return exact();
}

void FuelCounter::set(llvm::Value* fuel) {
  if (slot_) builder_.CreateStore(fuel, slot_);
}

FuelCounter::Poll FuelCounter::safepoint(WasmOffset offset) {
  if (!environment_.has_safepoints()) return {};
  auto* marker = make_marker(builder_, offset);
  if (!slot_) return {marker};
  graph_.nodes.back().observation = meter::Observation::safepoint;
  safepoints_.back() = marker;
  return {marker, static_cast<meter::NodeId>(graph_.nodes.size() - 1)};
}

void FuelCounter::drop(const Poll& poll) {
  if (!poll.marker) return;
  auto* fuel = llvm::dyn_cast<llvm::Instruction>(poll.marker->getArgOperand(0));
  poll.marker->eraseFromParent();
  if (!slot_) return;
  fuel->eraseFromParent();
  graph_.nodes[poll.node].observation = meter::Observation::none;
  safepoints_[poll.node] = nullptr;
}

FuelCounter::Poll FuelCounter::safepoint_at_end(llvm::BasicBlock& block, WasmOffset offset) {
  if (!environment_.has_safepoints()) return {};
  llvm::IRBuilder<> builder(block.getTerminator());
  builder.SetCurrentDebugLocation(block.getTerminator()->getDebugLoc());
  auto* marker = make_marker(builder, offset);
  if (!slot_) return {marker};
  const auto node = nodes_of_[&block].back();
  graph_.nodes[node].observation = meter::Observation::safepoint;
  safepoints_[node] = marker;
  return {marker, node};
}

llvm::CallInst* FuelCounter::make_marker(llvm::IRBuilder<>& builder, WasmOffset offset) {
  llvm::Value* fuel = builder.getInt64(0);
  if (slot_) fuel = builder.CreateLoad(builder.getInt64Ty(), slot_, "fuel");
  return builder.CreateCall(
      environment_.safepoint_marker(),
      {fuel, builder.getInt32(function_), builder.getInt32(static_cast<std::uint32_t>(offset.count())),
       builder.getInt64(0), builder.getInt64(0)});
}

void FuelCounter::place(Planner planner) {
  if (!slot_) return;
  std::vector<Crossing> crossings;
  add_edges(crossings);
  if (environment_.partition().effort != Effort::quick) estimate_frequencies(crossings);
  auto plan = planner(graph_);
  const auto least = meter::least_costs(graph_);
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
      safepoints_[node]->setArgOperand(4, builder_.getInt64(least[node]));
    } else if (plan.owed[node] != graph_.nodes[node].owed) {
      llvm::report_fatal_error("block plan owes other than callers expect");
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

// How often the code runs, as LLVM's own heuristics have it: what they take for cold is laid out as such, too.
void FuelCounter::estimate_frequencies(const std::vector<Crossing>& crossings) {
  auto& function = *builder_.GetInsertBlock()->getParent();
  llvm::DominatorTree dominators(function);
  llvm::LoopInfo loops(dominators);
  const llvm::BranchProbabilityInfo branches(function, loops, nullptr, &dominators);
  const llvm::BlockFrequencyInfo blocks(function, branches, loops);
  const auto entry = static_cast<double>(blocks.getEntryFreq().getFrequency());
  const auto frequency_of = [&](llvm::BasicBlock& block) {
    return static_cast<double>(blocks.getBlockFreq(&block).getFrequency()) / entry;
  };
  for (const auto& [block, nodes] : nodes_of_) {
    const double frequency = frequency_of(*block);
    for (const auto node : nodes) graph_.nodes[node].frequency *= frequency;
    if (nodes.size() != 1) continue;
    graph_.nodes[nodes.front()].is_bare = is_bare(*block, [&](llvm::Instruction& each) {
      const auto* pointer = llvm::getLoadStorePointerOperand(&each);
      return &each == starts_[nodes.front()].add || (pointer && llvm::isa<llvm::AllocaInst>(pointer));
    });
  }
  for (std::size_t i = 0; i < crossings.size(); ++i) {
    const auto* terminator = crossings[i].terminator;
    auto& edge = graph_.edges[i];
    edge.frequency = graph_.nodes[edge.from].frequency;
    if (terminator) {
      edge.frequency = edge_frequency(branches, terminator->getParent(), crossings[i].target, edge.frequency);
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
  llvm::IRBuilder<> builder(block_on_edge(*crossing.terminator->getParent(), *crossing.target));
  add_fuel(builder, slot_, amount);
}

}  // namespace slack::jit

// Where fuel is added in the final code.
#include "jit/llvm/fuel_placing.hpp"

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/MapVector.h>
#include <llvm/ADT/PostOrderIterator.h>
#include <llvm/ADT/STLExtras.h>
#include <llvm/ADT/SetVector.h>
#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/Analysis/BlockFrequencyInfo.h>
#include <llvm/Analysis/BranchProbabilityInfo.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>
#include <llvm/Transforms/Utils/Local.h>
#include <llvm/Transforms/Utils/PromoteMemToReg.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "daemon/base/context.hpp"
#include "jit/llvm/add_places.hpp"
#include "jit/llvm/environment.hpp"
#include "jit/llvm/safepoint_lowering.hpp"
#include "jit/llvm/value_types.hpp"
#include "jit/meter/block_plan.hpp"

namespace slack::jit {

namespace {

using FuelSet = llvm::SmallSetVector<llvm::Value*, 32>;

bool is_counter(const llvm::Value& value) { return value.getType()->isIntegerTy(64); }

// Where fuel comes from besides the parameter: what a callee returns, what a service leaves in the context.
bool is_source(const llvm::Instruction& instruction, const llvm::Constant* cell) {
  if (!is_counter(instruction)) return false;
  if (const auto* part = llvm::dyn_cast<llvm::ExtractValueInst>(&instruction)) {
    const auto* call = llvm::dyn_cast<llvm::CallInst>(part->getAggregateOperand());
    return call && fuel_index(call->getFnAttr(kFuelAttribute)) == part->getIndices().back();
  }
  const auto* load = llvm::dyn_cast<llvm::LoadInst>(&instruction);
  return load && load->getPointerOperand() == cell;
}

llvm::Argument& parameter_of(llvm::Function& function) {
  return *function.getArg(*fuel_index(function.getFnAttribute(kFuelAttribute)));
}

bool is_addition(const llvm::Value& value) {
  const auto* sum = llvm::dyn_cast<llvm::BinaryOperator>(&value);
  return sum && sum->getOpcode() == llvm::Instruction::Add && is_counter(value);
}

FuelSet fuel_values(llvm::Function& function) {
  FuelSet found;
  const auto* cell = fixed_address(*function.getParent(), kContextSymbol, offsetof(ContextHead, fuel));
  found.insert(&parameter_of(function));
  for (auto& block : function) {
    for (auto& each : block) {
      if (is_source(each, cell)) found.insert(&each);
    }
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (auto* user : found[i]->users()) {
      if (is_addition(*user) || (llvm::isa<llvm::PHINode, llvm::SelectInst>(user) && is_counter(*user))) {
        found.insert(user);
      }
    }
  }
  return found;
}

// What is added at once beyond this stays where it is, so that sums of all amounts of a function are below 2^60.
constexpr unsigned kMostAmountBits = 40;

// The constant that `value` adds to its first operand, if it does.
llvm::ConstantInt* amount_of(const llvm::Value& value) {
  if (!is_addition(value)) return nullptr;
  auto* amount = llvm::dyn_cast<llvm::ConstantInt>(llvm::cast<llvm::User>(value).getOperand(1));
  return amount && amount->getValue().isSignedIntN(kMostAmountBits) ? amount : nullptr;
}

// base + phi(c, d) becomes phi(base + c, base + d), and phi(a, b) + phi(c, d) of one block phi(a + c, b + d).
bool split(llvm::BinaryOperator& sum, FuelSet& fuel) {
  for (unsigned side = 0; side < 2; ++side) {
    auto* base = sum.getOperand(1 - side);
    auto* phi = llvm::dyn_cast<llvm::PHINode>(sum.getOperand(side));
    if (!phi || fuel.contains(phi) || !phi->hasOneUse() || phi->getParent() != sum.getParent()) continue;
    if (!fuel.contains(base)) continue;
    const auto* made = llvm::dyn_cast<llvm::Instruction>(base);
    const bool is_made_here = made && made->getParent() == sum.getParent();
    auto* beside = is_made_here ? llvm::dyn_cast<llvm::PHINode>(base) : nullptr;
    if (is_made_here && !beside) continue;  // not there yet in the arms
    if (!llvm::all_of(phi->incoming_values(), [](const auto& value) { return llvm::isa<llvm::ConstantInt>(value); })) {
      continue;
    }
    llvm::SmallDenseMap<llvm::BasicBlock*, llvm::Value*, 4> sums;  // a switch may come here several ways
    for (unsigned i = 0; i < phi->getNumIncomingValues(); ++i) {
      auto& value = sums[phi->getIncomingBlock(i)];
      if (!value) {
        auto* arm = phi->getIncomingBlock(i);
        value = llvm::BinaryOperator::CreateAdd(beside ? beside->getIncomingValueForBlock(arm) : base,
                                                phi->getIncomingValue(i), "", arm->getTerminator()->getIterator());
      }
      fuel.insert(value);
      phi->setIncomingValue(i, value);
    }
    fuel.insert(phi);
    fuel.remove(&sum);
    sum.replaceAllUsesWith(phi);
    sum.eraseFromParent();
    return true;
  }
  return false;
}

// `value`, where it is fuel that calls on several ways have returned in a struct, is taken from each call instead.
bool split(llvm::ExtractValueInst& value) {
  auto* phi = llvm::dyn_cast<llvm::PHINode>(value.getAggregateOperand());
  if (!phi || !is_counter(value) || value.getNumIndices() != 1) return false;
  for (auto& incoming : phi->incoming_values()) {
    const auto* call = llvm::dyn_cast<llvm::CallInst>(incoming);
    if (!call || fuel_index(call->getFnAttr(kFuelAttribute)) != value.getIndices().front()) return false;
  }
  auto* parts = llvm::PHINode::Create(value.getType(), phi->getNumIncomingValues(), "fuel", phi->getIterator());
  llvm::SmallDenseMap<llvm::BasicBlock*, llvm::Value*, 4> taken;
  for (unsigned i = 0; i < phi->getNumIncomingValues(); ++i) {
    auto* before = phi->getIncomingBlock(i);
    auto& part = taken[before];
    if (!part) {
      auto* call = llvm::cast<llvm::Instruction>(phi->getIncomingValue(i));
      part = llvm::ExtractValueInst::Create(call, value.getIndices(), "fuel", std::next(call->getIterator()));
    }
    parts->addIncoming(part, before);
  }
  value.replaceAllUsesWith(parts);
  value.eraseFromParent();
  return true;
}

// A value of fuel: a constant more than a root.
struct Reading {
  llvm::Value* root = nullptr;
  std::int64_t ahead = 0;
};

// The fuel of a function as a graph of its control flow, and back.
//
// Every value of fuel is a constant more than its root: the parameter, what a callee returned, the sum with something
// that is no constant, or a phi. Where a root is defined the counter is it, and from there on the root is current,
// until the next is: what fuel is needed there is a constant more than it, as a rule, and what it was is forgotten.
// Where a root is needed though another is current it stays a value beside the counter. Phis are forgotten altogether:
// what comes in is a gain on the edge.
class Placing {
 public:
  Placing(llvm::Function& function, llvm::FunctionAnalysisManager& analyses)
      : function_(function),
        parameter_(parameter_of(function)),
        blocks_(analyses.getResult<llvm::BlockFrequencyAnalysis>(function)),
        branches_(analyses.getResult<llvm::BranchProbabilityAnalysis>(function)),
        order_(&function),
        fuel_(fuel_values(function)) {}

  void run() {
    find_needed();
    find_merges();
    find_current();
    for (auto* block : order_) find_foreign(*block);
    for (auto* block : order_) add_nodes(*block);
    for (auto* block : order_) add_edges(*block);
    graph_.is_final = true;
    place(meter::spanning_plan(graph_));
  }

 private:
  struct Node {
    llvm::Instruction* start = nullptr;     // what adds stand before
    llvm::Instruction* observer = nullptr;  // ends the node
    llvm::Value* observed = nullptr;        // that operand of it, or the phi whose value is kept
  };
  struct Crossing {
    llvm::BasicBlock* from = nullptr;  // null: both nodes are in one block
    llvm::BasicBlock* to = nullptr;
    Reading set;  // the counter is set to that on the way, if it has a root
  };

  [[nodiscard]] bool is_fuel(llvm::Value* value) const { return fuel_.contains(value); }
  [[nodiscard]] bool is_link(llvm::Value& value) const {
    return amount_of(value) && is_fuel(llvm::cast<llvm::User>(value).getOperand(0));
  }
  [[nodiscard]] bool is_merge(llvm::Value& value) const {
    const auto* phi = llvm::dyn_cast<llvm::PHINode>(&value);
    return phi && merges_.lookup(phi->getParent()) == phi;
  }
  // Neither what is found anew from the graph nor a phi: where it is defined the counter is set to it.
  [[nodiscard]] bool sets_counter(llvm::Value& value) const {
    return needed_.contains(&value) && !llvm::isa<llvm::PHINode>(value) && !is_link(value);
  }
  // The operand of `user` that is fuel and has to be there as a value; null if there is none. Phis are read on their
  // edges.
  [[nodiscard]] llvm::Value* observed_by(llvm::Instruction& user) const {
    if (llvm::isa<llvm::PHINode>(user) || is_link(user)) return nullptr;
    if (is_fuel(&user) && !needed_.contains(&user)) return nullptr;
    for (auto* operand : user.operand_values()) {
      if (is_fuel(operand)) return operand;
    }
    return nullptr;
  }

  [[nodiscard]] Reading read(llvm::Value* value) const {
    Reading reading{value, 0};
    while (is_link(*reading.root)) {
      reading.ahead += amount_of(*reading.root)->getSExtValue();
      reading.root = llvm::cast<llvm::User>(reading.root)->getOperand(0);
    }
    return reading;
  }

  // What is used by anything but fuel, and what that is made of.
  void find_needed() {
    for (auto* value : fuel_) {
      if (llvm::any_of(value->users(), [&](auto* user) { return !is_fuel(user); })) needed_.insert(value);
    }
    for (std::size_t i = 0; i < needed_.size(); ++i) {
      auto* user = llvm::dyn_cast<llvm::Instruction>(needed_[i]);
      if (!user) continue;
      for (auto* operand : user->operand_values()) {
        if (is_fuel(operand)) needed_.insert(operand);
      }
    }
  }

  // Of a block's phis of nothing but fuel the first.
  void find_merges() {
    for (auto* block : order_) {
      for (auto& phi : block->phis()) {
        const auto is_known = [&](llvm::Value* value) { return is_fuel(value) || llvm::isa<llvm::UndefValue>(value); };
        if (!needed_.contains(&phi) || !llvm::all_of(phi.incoming_values(), is_known)) continue;
        merges_[block] = &phi;
        break;
      }
    }
  }

  // The roots that are current at the ends of blocks.
  void find_current() {
    for (bool changed = true; changed;) {
      changed = false;
      for (auto* block : order_) {
        auto* root = current_at(*block);
        for (auto& each : *block) {
          if (sets_counter(each)) root = &each;
        }
        const auto [known, is_new] = ends_.insert({block, root});
        changed |= is_new || known->second != root;
        known->second = root;
      }
    }
  }

  // At its start. Null where ways with different ones meet.
  [[nodiscard]] llvm::Value* current_at(llvm::BasicBlock& block) const {
    if (block.isEntryBlock()) return &parameter_;
    if (auto* phi = merges_.lookup(&block)) return phi;
    llvm::Value* root = nullptr;
    for (auto* before : llvm::predecessors(&block)) {
      const auto end = ends_.find(before);
      if (end == ends_.end()) continue;
      if (root && root != end->second) return nullptr;
      root = end->second;
      if (!root) return nullptr;
    }
    return root;
  }

  // Phis that are needed where they are not current.
  void find_foreign(llvm::BasicBlock& block) {
    const auto need = [&](llvm::Value* root) {
      if (is_merge(*root)) kept_.insert({root, nullptr});
    };
    auto* root = current_at(block);
    for (auto& each : block) {
      if (auto* observed = observed_by(each)) {
        for (auto* operand : each.operand_values()) {
          if (is_fuel(operand) && (operand != observed || read(operand).root != root)) need(read(operand).root);
        }
      }
      if (sets_counter(each)) root = &each;
    }
    llvm::SmallPtrSet<llvm::BasicBlock*, 8> seen;
    for (auto* successor : llvm::successors(&block)) {
      if (!seen.insert(successor).second) continue;
      for (auto& phi : successor->phis()) {
        if (!needed_.contains(&phi)) continue;
        auto* value = phi.getIncomingValueForBlock(&block);
        if (!is_fuel(value)) continue;
        if (!is_merge(phi) || read(value).root != root) need(read(value).root);
      }
    }
  }

  meter::NodeId add_node(llvm::BasicBlock& block, llvm::Instruction* start) {
    const auto frequency = static_cast<double>(blocks_.getBlockFreq(&block).getFrequency()) /
                           static_cast<double>(blocks_.getEntryFreq().getFrequency());
    graph_.nodes.push_back({0, meter::Observation::none, frequency});
    nodes_.push_back({start});
    return static_cast<meter::NodeId>(nodes_.size() - 1);
  }

  void observe(llvm::Instruction* observer, llvm::Value* observed, std::int64_t ahead) {
    auto& node = graph_.nodes.back();
    nodes_.back().observer = observer;
    nodes_.back().observed = observed;
    node.observation = meter::Observation::transfer;
    node.ahead = ahead;
    if (!observer || !is_softened(*observer)) return;
    const auto inputs = llvm::cast<llvm::CallInst>(observer)->getOperandBundleAt(0).Inputs;
    node.observation = meter::Observation::safepoint;
    node.ahead += llvm::cast<llvm::ConstantInt>(inputs[kPotentialOperand])->getSExtValue();
    node.most_owed = llvm::cast<llvm::ConstantInt>(inputs[kMostOwedOperand])->getZExtValue();
  }

  void add_edge(const meter::Edge& edge, const Crossing& crossing) {
    graph_.edges.push_back(edge);
    crossings_.push_back(crossing);
  }

  void add_nodes(llvm::BasicBlock& block) {
    auto* root = current_at(block);
    auto node = add_node(block, &*block.getFirstInsertionPt());
    first_[&block] = node;
    const auto go_on = [&](llvm::Instruction* start) {
      const auto next = add_node(block, start);
      add_edge({node, next, true, graph_.nodes[next].frequency}, {nullptr, &block, {}});
      node = next;
    };
    if (root && kept_.count(root) != 0 && is_merge(*root) && llvm::cast<llvm::PHINode>(root)->getParent() == &block) {
      observe(nullptr, root, 0);
      go_on(nodes_[node].start);
    }
    for (auto& each : block) {
      if (auto* observed = observed_by(each)) {
        const auto reading = read(observed);
        if (reading.root == root) {
          observe(&each, observed, reading.ahead);
          if (each.isTerminator()) break;
          go_on(each.getNextNode());
        }
        for (auto* operand : each.operand_values()) {
          if (is_fuel(operand) && (operand != observed || reading.root != root)) foreign_.push_back({&each, operand});
        }
      }
      if (sets_counter(each)) {
        root = &each;
        node = add_node(block, each.getNextNode());
        graph_.nodes[node].starts_exact = true;
      }
    }
    last_[&block] = node;
    if (node == first_[&block]) {
      graph_.nodes.back().is_bare = is_bare(block, [&](llvm::Instruction& each) { return is_fuel(&each); });
    }
  }

  void add_edges(llvm::BasicBlock& block) {
    const auto last = last_[&block];
    auto* end = ends_[&block];
    llvm::SmallPtrSet<llvm::BasicBlock*, 8> seen;
    for (auto* successor : llvm::successors(&block)) {
      if (!seen.insert(successor).second) continue;
      meter::Edge edge{last, first_[successor]};
      edge.frequency = edge_frequency(branches_, &block, successor, graph_.nodes[last].frequency);
      Crossing crossing{&block, successor, {}};
      if (auto* phi = merges_.lookup(successor)) {
        auto* value = phi->getIncomingValueForBlock(&block);
        if (!is_fuel(value)) continue;  // poison
        const auto reading = read(value);
        edge.gain = reading.ahead;
        if (reading.root != end) {
          crossing.set = reading;
          edge.gain = 0;
          edge.from = add_node(block, nullptr);
          graph_.nodes[edge.from].starts_exact = true;
          graph_.nodes[edge.from].frequency = edge.frequency;
        }
      } else if (!end || current_at(*successor) != end) {
        continue;  // fuel is of no use there
      }
      add_edge(edge, crossing);
    }
  }

  // `reading` as a value beside the counter.
  llvm::Value* materialise(llvm::IRBuilder<>& builder, const Reading& reading) {
    const auto found = kept_.find(reading.root);
    auto* root = found == kept_.end() ? reading.root : found->second;
    if (reading.ahead == 0) return root;
    return builder.CreateAdd(root, builder.getInt64(static_cast<std::uint64_t>(reading.ahead)));
  }

  void place(meter::Plan plan) {
    llvm::IRBuilder<> entry(&function_.getEntryBlock(), function_.getEntryBlock().getFirstInsertionPt());
    slot_ = entry.CreateAlloca(parameter_.getType(), nullptr, "fuel");
    entry.CreateStore(&parameter_, slot_);
    for (auto* value : needed_) {
      if (!sets_counter(*value) || value == &parameter_) continue;
      llvm::IRBuilder<> builder(llvm::cast<llvm::Instruction>(value)->getNextNode());
      builder.CreateStore(value, slot_);
    }
    for (std::size_t i = 0; i < crossings_.size(); ++i) {
      if (!crossings_[i].from) plan.node_adds[graph_.edges[i].to] += plan.edge_adds[i];  // the only way into that node
    }
    for (std::size_t i = 0; i < nodes_.size(); ++i) place_node(i, plan);
    for (const auto& [user, operand] : foreign_) {
      llvm::IRBuilder<> builder(user);
      user->replaceUsesOfWith(operand, materialise(builder, read(operand)));
    }
    place_beside();
    for (std::size_t i = 0; i < crossings_.size(); ++i) place_edge(i, plan);
    llvm::SmallVector<llvm::Instruction*, 32> superfluous;
    for (auto* value : fuel_) {
      auto* instruction = llvm::dyn_cast<llvm::Instruction>(value);
      if (!instruction || !(is_link(*value) || is_merge(*value))) continue;
      superfluous.push_back(instruction);
    }
    for (auto* instruction : superfluous) {
      instruction->replaceAllUsesWith(llvm::PoisonValue::get(instruction->getType()));
    }
    for (auto* instruction : superfluous) instruction->eraseFromParent();
    llvm::DominatorTree dominators(function_);
    llvm::PromoteMemToReg({slot_}, dominators);
  }

  void add(llvm::IRBuilder<>& builder, std::int64_t amount) {
    if (amount != 0) add_fuel(builder, slot_, amount);
  }

  void place_node(std::size_t id, const meter::Plan& plan) {
    const auto& node = nodes_[id];
    if (!node.start) return;  // on an edge
    llvm::IRBuilder<> before(node.start);
    add(before, plan.node_adds[id]);
    if (!node.observed) return;
    if (!node.observer) {
      kept_[node.observed] = before.CreateLoad(slot_->getAllocatedType(), slot_, "fuel");
      return;
    }
    llvm::IRBuilder<> builder(node.observer);
    node.observer->replaceUsesOfWith(node.observed, builder.CreateLoad(slot_->getAllocatedType(), slot_, "fuel"));
    if (graph_.nodes[id].observation != meter::Observation::safepoint) return;
    auto& marker = llvm::cast<llvm::CallInst>(*node.observer);
    marker.setOperand(marker.getBundleOperandsStartIndex() + kPotentialOperand, builder.getInt64(plan.owed[id]));
  }

  // Phis that are never current.
  void place_beside() {
    for (auto* value : needed_) {
      auto* phi = llvm::dyn_cast<llvm::PHINode>(value);
      if (!phi || is_merge(*phi)) continue;
      for (unsigned i = 0; i < phi->getNumIncomingValues(); ++i) {
        if (!is_fuel(phi->getIncomingValue(i))) continue;
        llvm::IRBuilder<> builder(phi->getIncomingBlock(i)->getTerminator());
        phi->setIncomingValue(i, materialise(builder, read(phi->getIncomingValue(i))));
      }
    }
  }

  void place_edge(std::size_t id, const meter::Plan& plan) {
    const auto& crossing = crossings_[id];
    if (!crossing.from) return;
    const auto amount = plan.edge_adds[id];
    if (!crossing.set.root && amount == 0) return;
    llvm::IRBuilder<> builder(place_on(crossing));
    if (crossing.set.root) {
      builder.CreateStore(materialise(builder, crossing.set), slot_);
      add(builder, plan.node_adds[graph_.edges[id].from]);
    }
    add(builder, amount);
  }

  llvm::Instruction* place_on(const Crossing& crossing) {
    if (crossing.from->getUniqueSuccessor()) return crossing.from->getTerminator();
    if (crossing.to->getUniquePredecessor()) return &*crossing.to->getFirstInsertionPt();
    return block_on_edge(*crossing.from, *crossing.to);
  }

  llvm::Function& function_;
  llvm::Argument& parameter_;
  llvm::BlockFrequencyInfo& blocks_;
  llvm::BranchProbabilityInfo& branches_;
  llvm::ReversePostOrderTraversal<llvm::Function*> order_;
  FuelSet fuel_;
  FuelSet needed_;
  llvm::DenseMap<llvm::BasicBlock*, llvm::PHINode*> merges_;
  llvm::DenseMap<llvm::BasicBlock*, llvm::Value*> ends_;
  llvm::MapVector<llvm::Value*, llvm::Value*> kept_;  // merges that are needed beside the counter
  llvm::SmallVector<std::pair<llvm::Instruction*, llvm::Value*>, 8> foreign_;  // users and what they need of them
  llvm::DenseMap<llvm::BasicBlock*, meter::NodeId> first_;
  llvm::DenseMap<llvm::BasicBlock*, meter::NodeId> last_;
  meter::Graph graph_;
  std::vector<Node> nodes_;
  std::vector<Crossing> crossings_;  // by edge
  llvm::AllocaInst* slot_ = nullptr;
};

// LSR would take fuel for an induction variable among others, and compute it from one of them.
void hide_from_strength_reduction(llvm::Function& function) {
  const llvm::DominatorTree dominators(function);
  const llvm::LoopInfo loops(dominators);
  const auto fuel = fuel_values(function);
  for (auto* loop : loops.getLoopsInPreorder()) {
    auto* latch = loop->getLoopLatch();
    if (!latch) continue;
    for (auto& phi : loop->getHeader()->phis()) {
      if (!fuel.contains(&phi)) continue;
      auto* next = llvm::dyn_cast<llvm::Instruction>(phi.getIncomingValueForBlock(latch));
      if (!next || !amount_of(*next)) continue;
      auto* hidden = new llvm::FreezeInst(next, "", std::next(next->getIterator()));
      next->replaceUsesWithIf(hidden, [&](const llvm::Use& use) { return use.getUser() != hidden; });
    }
  }
}

// Leaves fuel of constants and phis, where it can be that.
void normalise(llvm::Function& function) {
  for (auto& block : function) {
    for (auto& each : llvm::make_early_inc_range(block)) {
      if (auto* part = llvm::dyn_cast<llvm::ExtractValueInst>(&each)) split(*part);
    }
  }
  auto fuel = fuel_values(function);
  for (auto& block : function) {
    for (auto& each : llvm::make_early_inc_range(block)) {
      if (is_addition(each)) split(llvm::cast<llvm::BinaryOperator>(each), fuel);
    }
  }
  llvm::SmallVector<llvm::WeakTrackingVH, 32> values(fuel.begin(), fuel.end());
  for (auto& value : values) {
    if (value) llvm::RecursivelyDeleteTriviallyDeadInstructions(value);
  }
}

}  // namespace

llvm::PreservedAnalyses FuelPlacing::run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses) {
  if (!fuel_index(function.getFnAttribute(kFuelAttribute))) return llvm::PreservedAnalyses::all();
  normalise(function);
  Placing(function, analyses).run();
  hide_from_strength_reduction(function);
  return llvm::PreservedAnalyses::none();
}

}  // namespace slack::jit

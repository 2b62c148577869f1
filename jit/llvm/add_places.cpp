// Where an add of fuel can stand.
#include "jit/llvm/add_places.hpp"

namespace slack::jit {

bool is_bare(llvm::BasicBlock& block, llvm::function_ref<bool(llvm::Instruction&)> is_metering) {
  const auto* branch = llvm::dyn_cast<llvm::BranchInst>(block.getTerminator());
  if (!branch || branch->isConditional()) return false;
  unsigned work = 0;
  for (auto& each : block) {
    if (each.isTerminator() || llvm::isa<llvm::PHINode>(each) || is_metering(each)) continue;
    if (each.mayHaveSideEffects() || each.mayReadFromMemory()) return false;
    ++work;
  }
  constexpr unsigned kMostWork = 2;
  return work <= kMostWork;
}

double edge_frequency(const llvm::BranchProbabilityInfo& branches, const llvm::BasicBlock* from,
                      const llvm::BasicBlock* to, double frequency) {
  const auto probability = branches.getEdgeProbability(from, to);
  return frequency * (static_cast<double>(probability.getNumerator()) / llvm::BranchProbability::getDenominator());
}

llvm::BranchInst* block_on_edge(llvm::BasicBlock& from, llvm::BasicBlock& to) {
  auto* terminator = from.getTerminator();
  auto* block = llvm::BasicBlock::Create(from.getContext(), "", from.getParent(), &to);
  auto* branch = llvm::BranchInst::Create(&to, block);
  branch->setDebugLoc(terminator->getDebugLoc());
  terminator->replaceSuccessorWith(&to, block);
  for (auto& phi : to.phis()) {
    auto* value = phi.getIncomingValueForBlock(&from);
    // One of several edges remains, from the new block.
    phi.removeIncomingValueIf([&](unsigned i) { return phi.getIncomingBlock(i) == &from; }, false);
    phi.addIncoming(value, block);
  }
  return branch;
}

void add_fuel(llvm::IRBuilder<>& builder, llvm::AllocaInst* slot, std::int64_t amount) {
  auto* before = builder.CreateLoad(slot->getAllocatedType(), slot, "fuel");
  builder.CreateStore(builder.CreateAdd(before, builder.getInt64(static_cast<std::uint64_t>(amount))), slot);
}

}  // namespace slack::jit

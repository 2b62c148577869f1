// Where an add of fuel can stand: what FuelCounter and FuelPlacing ask of blocks and edges, and do there.
#pragma once

#include <llvm/ADT/STLFunctionalExtras.h>
#include <llvm/Analysis/BranchProbabilityInfo.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>

#include <cstdint>

namespace slack::jit {

// Whether `block` would be gone or part of another without an add in it: it does not end in a choice, and holds nothing
// but metering that could not be done on the other way too.
[[nodiscard]] bool is_bare(llvm::BasicBlock& block, llvm::function_ref<bool(llvm::Instruction&)> is_metering);

// How often the edge runs, where its source runs `frequency` times.
[[nodiscard]] double edge_frequency(const llvm::BranchProbabilityInfo& branches, const llvm::BasicBlock* from,
                                    const llvm::BasicBlock* to, double frequency);

// A new block on the edges from one block to another, of which a switch may have several. Its end.
llvm::BranchInst* block_on_edge(llvm::BasicBlock& from, llvm::BasicBlock& to);

// Adds `amount`, which may be below 0, to the counter in `slot`.
void add_fuel(llvm::IRBuilder<>& builder, llvm::AllocaInst* slot, std::int64_t amount);

}  // namespace slack::jit

// Marks of rounds: what stands in a loop whose fuel was lifted out of it, while the vectoriser and the unroller work.
//
// A mark is free to them, so they copy it as often as they like: 128 of them in a round of vectors, and as many again
// for each round that is unrolled. Marks of a block are folded into one, which stands for the first of its rounds and
// costs what all of them do, as far as safepoints may be apart; and what would be unrolled into thousands is not.
#pragma once

#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/PassManager.h>

#include <cstdint>
#include <optional>

namespace slack::jit {

struct RoundMark {
  llvm::AllocaInst* variable = nullptr;  // has the fuel of the loop
  llvm::Value* ahead = nullptr;          // what the safepoint of the round publishes more than that
  llvm::ConstantInt* cost = nullptr;     // of one round of the module's loop
};

// A mark in the place of `safepoint`, which is in its soft form.
void mark_round(llvm::CallInst& safepoint, const RoundMark& mark);

// What a round of the module's loop costs that this one was made of, if that was lifted. Nothing before FuelRestoring.
[[nodiscard]] std::optional<std::uint64_t> lifted_cost(const llvm::Loop& loop);

// Between the vectoriser and the unroller.
struct RoundFolding : llvm::PassInfoMixin<RoundFolding> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

// After the unroller: marks become fuel and safepoints again. What is not cut later has counter and safepoint as it
// would have had.
struct FuelRestoring : llvm::PassInfoMixin<FuelRestoring> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace slack::jit

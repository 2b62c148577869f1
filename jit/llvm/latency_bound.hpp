// Code that waits for its own results: where vectors of neighbouring scalars gain nothing.
//
// The SLP vectoriser counts instructions. In a chain of integer operations, such as the rounds of ChaCha, BLAKE2 or
// BLAKE3, a processor that issues six a cycle waits for the one before, not for a free unit: four lanes in one register
// take as many steps as four scalars side by side, and each step is slower there, for shuffles stand in the chain and
// an operation on vectors takes two cycles on some processors. Left to it, xchacha20 took 1.9 times as long on
// Zen 5, and seqhash 1.5 times (tests/bench). Where there is more work than the units can take (gimli), vectors are as
// fast as it says.
#pragma once

#include <llvm/Analysis/BlockFrequencyInfo.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/PassManager.h>

namespace slack::jit {

// Whether chains of scalar integer operations bound a good part of the function's time, on a processor that issues
// `width` operations a cycle. Estimated from its blocks by themselves. Adds of fuel count as any operation does, so
// modes may differ where the estimate is close.
[[nodiscard]] bool is_latency_bound(const llvm::Function& function, const llvm::LoopInfo& loops,
                                    const llvm::BlockFrequencyInfo& frequencies, unsigned width);

// LLVM's SLP vectoriser, for functions that are not.
class SlpVectorising : public llvm::PassInfoMixin<SlpVectorising> {
 public:
  explicit SlpVectorising(unsigned width) : width_(width) {}
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);

 private:
  unsigned width_;
};

}  // namespace slack::jit

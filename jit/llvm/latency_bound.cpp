// Code that waits for its own results.
#include "jit/llvm/latency_bound.hpp"

#include <algorithm>

#include <llvm/ADT/DenseMap.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/Transforms/Vectorize/SLPVectorizer.h>

namespace slack::jit {

namespace {

// Of straight code that is shorter the processor has what follows at work, too.
constexpr unsigned kLeastStraight = 64;
// Whose rounds follow each other this fast are bound by something else.
constexpr unsigned kLeastRecurrence = 8;
// One in so many operations in vector registers, and a block is no longer a chain of scalar integers.
constexpr unsigned kScalarOperations = 8;
// One in so many cycles of a function, and it is bound by such chains.
constexpr double kGoodPart = 8;
// Rounds that are looked at, the first half of them for what the others wait for to come in.
constexpr unsigned kRounds = 8;

// Cycles until the result is there, as on processors of the last ten years (Agner Fog, "Instruction tables";
// uops.info).
unsigned latency_of(const llvm::Instruction& instruction) {
  switch (instruction.getOpcode()) {
    case llvm::Instruction::PHI:
    case llvm::Instruction::ZExt:
    case llvm::Instruction::Trunc:
    case llvm::Instruction::BitCast:
    case llvm::Instruction::GetElementPtr:  // part of an address
    case llvm::Instruction::Store:
      return 0;
    case llvm::Instruction::Load:
      return 4;
    case llvm::Instruction::Mul:
      return 3;
    case llvm::Instruction::UDiv:
    case llvm::Instruction::SDiv:
    case llvm::Instruction::URem:
    case llvm::Instruction::SRem:
      return 12;
    default:
      return 1;
  }
}

bool is_operation(const llvm::Instruction& instruction) {
  const auto* intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
  if (intrinsic && intrinsic->isAssumeLikeIntrinsic()) return false;
  return llvm::isa<llvm::StoreInst>(instruction) || (latency_of(instruction) != 0 && !instruction.isTerminator());
}

bool is_in_vector_registers(const llvm::Type& type) { return type.isVectorTy() || type.isFloatingPointTy(); }

// Cycles after which the values of a block are there, were there units without end.
class Depth {
 public:
  explicit Depth(const llvm::BasicBlock& block) : block_(block) {}

  // Of the block's values the last.
  unsigned pass() {
    unsigned last = 0;
    for (const auto& each : block_) {
      unsigned ready = 0;
      if (const auto* phi = llvm::dyn_cast<llvm::PHINode>(&each)) {
        ready = before_.lookup(phi);
      } else {
        for (const auto& operand : each.operands()) ready = std::max(ready, now_.lookup(operand.get()));
      }
      last = std::max(last, now_[&each] = ready + latency_of(each));
    }
    return last;
  }

  // What comes of a block that is its own successor: cycles from round to round.
  double recurrence() {
    unsigned half = 0;
    unsigned last = 0;
    for (unsigned round = 0; round < kRounds; ++round) {
      (void)pass();
      last = 0;
      for (const auto& phi : block_.phis()) {
        const auto ready = now_.lookup(phi.getIncomingValueForBlock(&block_));
        before_[&phi] = ready;
        last = std::max(last, ready);
      }
      if (round + 1 == kRounds / 2) half = last;
    }
    return static_cast<double>(last - half) / (kRounds / 2);
  }

 private:
  const llvm::BasicBlock& block_;
  llvm::DenseMap<const llvm::Value*, unsigned> now_;
  llvm::DenseMap<const llvm::PHINode*, unsigned> before_;
};

struct Time {
  double work;     // cycles, were no operation to wait for another
  double waiting;  // cycles of its chains of scalar integers
};

Time time_of(const llvm::BasicBlock& block, const llvm::LoopInfo& loops, unsigned width) {
  unsigned operations = 0;
  unsigned of_vectors = 0;
  for (const auto& each : block) {
    if (!is_operation(each)) continue;
    ++operations;
    const auto* stored = llvm::isa<llvm::StoreInst>(each) ? each.getOperand(0) : &each;
    if (is_in_vector_registers(*stored->getType())) ++of_vectors;
  }
  Time time{static_cast<double>(operations) / width, 0};
  if (of_vectors * kScalarOperations > operations) return time;
  const auto* loop = loops.getLoopFor(&block);
  if (loop && loop->getNumBlocks() == 1) {
    time.waiting = Depth(block).recurrence();
    if (time.waiting < kLeastRecurrence) time.waiting = 0;
  } else if (operations >= kLeastStraight) {
    time.waiting = Depth(block).pass();
  }
  return time;
}

}  // namespace

bool is_latency_bound(const llvm::Function& function, const llvm::LoopInfo& loops,
                      const llvm::BlockFrequencyInfo& frequencies, unsigned width) {
  double all = 0;
  double bound = 0;
  for (const auto& block : function) {
    const auto frequency = static_cast<double>(frequencies.getBlockFreq(&block).getFrequency());
    const auto [work, waiting] = time_of(block, loops, width);
    all += frequency * std::max(work, waiting);
    if (waiting >= work) bound += frequency * waiting;
  }
  return bound > 0 && bound * kGoodPart >= all;
}

llvm::PreservedAnalyses SlpVectorising::run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses) {
  if (is_latency_bound(function, analyses.getResult<llvm::LoopAnalysis>(function),
                       analyses.getResult<llvm::BlockFrequencyAnalysis>(function), width_)) {
    return llvm::PreservedAnalyses::all();
  }
  return llvm::SLPVectorizerPass().run(function, analyses);
}

}  // namespace slack::jit

// Hides from scalar evolution that fuel goes on from one loop to the next.
//
// Where many loops follow each other, what fuel is at the begin of one is a sum over all those before. The pass that
// simplifies induction variables asks of each whether it may overflow, and the answer is looked for through all of them
// and all conditions on the way: 450 loops in a row, which it leaves in an instant without metering, took it 20 seconds
// and 1.3 GB. What it could learn of fuel is of no use.
#pragma once

#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/Function.h>

namespace slack::jit {

// In functions of many loops freezes what the fuel of each begins with. Safepoints have their first form. Whether
// anything has changed.
bool hide_fuel(llvm::Function& function, const llvm::LoopInfo& loops);

// Takes those freezes away again.
bool show_fuel(llvm::Function& function);

}  // namespace slack::jit

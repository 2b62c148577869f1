// Load anchors: a load whose value nobody needs may still trap, and must.
//
// LLVM drops a load that has no use, and moves one to where its uses are. So while a module is optimised an anchor, a
// call with the loaded value in its operand bundle, stands behind every load from linear memory. It writes nothing that
// the module can see and costs the inliner nothing; all that it does is to be a use that does not go away. Whatever
// inlining, folding or merging make of the value then, the load stays, unless another access has trapped for it.
//
// Anchors would be in the way of the vectoriser. Before it, when nothing is left that simplification could find,
// settle_loads takes them away and makes those loads volatile whose value turned out not to be needed. The last passes
// and the code generator still move loads into branches; hold_loads_in_place, after all that simplifies, prevents that.
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/Function.h>
#include <llvm/IR/Instructions.h>

namespace slack::jit {

// Each load keeps its trap from here on, until settle_loads.
void anchor_loads(llvm::ArrayRef<llvm::LoadInst*> loads);

// Takes away the anchors of values that no longer come from a load (it was forwarded from a store, or merged with
// another), and puts one behind each load that a pass made in place of an anchored one.
bool prune_anchors(llvm::Function& function);

// Takes all anchors away. Loads that are not needed in every execution become volatile.
bool settle_loads(llvm::Function& function, const llvm::LoopInfo& loops);

// Makes those loads from linear memory volatile that code generation could move into a branch, which are all that have
// no use in their own block that stays there, or of which it could load less. The module's own vectors stay whole.
bool hold_loads_in_place(llvm::Function& function);

// In the place of all this, for code that is not optimised, where nothing is known of what uses loads: each stays, and
// stays whole.
void hold_loads(llvm::ArrayRef<llvm::LoadInst*> loads);

}  // namespace slack::jit

// The order of a phi's values.
#include "jit/llvm/phi_order.hpp"

#include <algorithm>
#include <utility>

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/STLExtras.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Function.h>
#include <llvm/IR/Instructions.h>

namespace slack::jit {

llvm::PreservedAnalyses PhiOrdering::run(llvm::Function& function, llvm::FunctionAnalysisManager&) {
  llvm::DenseMap<const llvm::BasicBlock*, unsigned> places;
  for (const auto& block : function) places.insert({&block, static_cast<unsigned>(places.size())});
  llvm::SmallVector<std::pair<llvm::BasicBlock*, llvm::Value*>, 8> incoming;
  for (auto& block : function) {
    for (auto& phi : block.phis()) {
      incoming.clear();
      for (auto [from, value] : llvm::zip(phi.blocks(), phi.incoming_values()))
        incoming.emplace_back(from, value.get());
      // What comes from one block several ways is the same.
      std::sort(incoming.begin(), incoming.end(),
                [&](const auto& a, const auto& b) { return places.lookup(a.first) < places.lookup(b.first); });
      for (unsigned i = 0; i < incoming.size(); ++i) {
        phi.setIncomingBlock(i, incoming[i].first);
        phi.setIncomingValue(i, incoming[i].second);
      }
    }
  }
  return llvm::PreservedAnalyses::all();  // what a phi is has not changed
}

}  // namespace slack::jit

// Makes and recognises markers.
#include "jit/llvm/value_marker.hpp"

#include <llvm/IR/Module.h>

namespace slack::jit {

llvm::CallInst* make_marker(llvm::BasicBlock::iterator before, llvm::ArrayRef<llvm::Value*> values,
                            const llvm::DebugLoc& location) {
  auto* callee = llvm::Intrinsic::getDeclaration(before->getModule(), llvm::Intrinsic::sideeffect);
  auto* marker = llvm::CallInst::Create(callee, {}, {llvm::OperandBundleDef("deopt", values)}, "", before);
  marker->setDebugLoc(location);
  return marker;
}

const llvm::CallInst* as_marker(const llvm::Instruction& instruction, unsigned count) {
  const auto* call = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
  const bool is_one = call && call->getIntrinsicID() == llvm::Intrinsic::sideeffect &&
                      call->getNumOperandBundles() == 1 && call->getOperandBundleAt(0).Inputs.size() == count;
  return is_one ? call : nullptr;
}

}  // namespace slack::jit

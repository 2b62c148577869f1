// From safepoint markers to safepoints.
#include "jit/llvm/safepoint_lowering.hpp"

#include <llvm/IR/Constants.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Metadata.h>

#include "jit/llvm/environment.hpp"

namespace slack::jit {

void lower_safepoints(llvm::Module& module) {
  auto* marker = module.getFunction(kSafepointMarker);
  if (!marker) return;
  auto& context = module.getContext();
  auto* symbol = module.getNamedGlobal(kSafepointSymbol);
  if (!symbol) {
    auto* type = llvm::ArrayType::get(llvm::Type::getInt8Ty(context), 0);
    symbol =
        new llvm::GlobalVariable(module, type, false, llvm::GlobalValue::ExternalLinkage, nullptr, kSafepointSymbol);
    symbol->setDSOLocal(true);
    symbol->setAlignment(llvm::Align(16));
  }
  llvm::SmallVector<llvm::CallInst*, 32> calls;
  for (auto* user : marker->users()) calls.push_back(llvm::cast<llvm::CallInst>(user));
  for (auto* call : calls) {
    llvm::IRBuilder<> builder(call);
    auto* store = builder.CreateAlignedStore(call->getArgOperand(0), symbol, llvm::Align(8), true);
    const auto constant = [](llvm::Value* value) -> llvm::Metadata* {
      return llvm::ConstantAsMetadata::get(llvm::cast<llvm::Constant>(value));
    };
    auto* record =
        llvm::MDNode::get(context, {constant(builder.getInt32(kRecordMark)), constant(call->getArgOperand(1)),
                                    constant(call->getArgOperand(2)), constant(call->getArgOperand(3))});
    store->setMetadata(llvm::LLVMContext::MD_pcsections,
                       llvm::MDNode::get(context, {llvm::MDString::get(context, kRecordSection), record}));
    call->eraseFromParent();
  }
  marker->eraseFromParent();
}

}  // namespace slack::jit

// Thunks: what an exported function looks like from outside.
#include "jit/llvm/thunks.hpp"

#include "daemon/base/worker_services.hpp"
#include "jit/llvm/value_types.hpp"

namespace slack::jit {

llvm::Function* make_thunk(Environment& environment, std::uint32_t index) {
  auto& context = environment.context();
  const auto& type = environment.wasm().type_of(index);
  auto* i64 = llvm::Type::getInt64Ty(context);
  auto* pointer = llvm::PointerType::get(context, 0);
  auto* thunk =
      llvm::Function::Create(llvm::FunctionType::get(i64, {i64, pointer}, false), llvm::GlobalValue::InternalLinkage,
                             "slack_thunk." + std::to_string(index), environment.module());
  environment.add_common_attributes(*thunk);
  llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context, "", thunk));
  llvm::Value* fuel = thunk->getArg(0);
  auto* values = thunk->getArg(1);
  const auto slot = [&](std::size_t i) {
    return builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), values, i * sizeof(services::Value));
  };
  llvm::SmallVector<llvm::Value*, 8> arguments;
  for (std::size_t i = 0; i < type.parameters.size(); ++i) {
    arguments.push_back(builder.CreateAlignedLoad(value_type(context, type.parameters[i]), slot(i), llvm::Align(16)));
  }
  if (environment.counts_fuel()) insert_fuel(arguments, fuel_parameter(type), fuel);
  auto* call = builder.CreateCall(environment.function(index), arguments);
  call->setCallingConv(llvm::CallingConv::Fast);
  call->addFnAttr(llvm::Attribute::NoInline);  // the function keeps its own frame and symbol
  auto parts = unpack(builder, call);
  if (environment.counts_fuel()) fuel = remove_fuel(parts, fuel_result(type));
  for (std::size_t i = 0; i < type.results.size(); ++i) {
    if (type.results[i] == wasm::ValueType::i32 || type.results[i] == wasm::ValueType::f32) {
      auto* bits = builder.CreateBitCast(parts[i], builder.getInt32Ty());
      builder.CreateAlignedStore(builder.CreateZExt(bits, i64), slot(i), llvm::Align(16));
    } else {
      builder.CreateAlignedStore(parts[i], slot(i), llvm::Align(16));
    }
  }
  builder.CreateRet(fuel);
  return thunk;
}

}  // namespace slack::jit

// Environment: what the functions of one module share while they are lowered.
#include "jit/llvm/environment.hpp"

#include <algorithm>

#include <llvm/BinaryFormat/Dwarf.h>
#include <llvm/Transforms/Utils/ModuleUtils.h>

#include "jit/image/format.hpp"
#include "jit/llvm/value_types.hpp"

namespace slack::jit {

llvm::GlobalVariable* fixed_symbol(llvm::Module& module, llvm::StringRef name) {
  if (auto* known = module.getNamedGlobal(name)) return known;
  auto* type = llvm::ArrayType::get(llvm::Type::getInt8Ty(module.getContext()), 0);
  auto* symbol = new llvm::GlobalVariable(module, type, false, llvm::GlobalValue::ExternalLinkage, nullptr, name);
  symbol->setDSOLocal(true);
  symbol->setAlignment(llvm::Align(16));
  return symbol;
}

llvm::Constant* fixed_address(llvm::Module& module, llvm::StringRef name, std::uint64_t offset) {
  auto& context = module.getContext();
  return llvm::ConstantExpr::getGetElementPtr(llvm::Type::getInt8Ty(context), fixed_symbol(module, name),
                                              llvm::ConstantInt::get(llvm::Type::getInt64Ty(context), offset));
}

Environment::Environment(llvm::Module& module, const Source& source, std::size_t partition)
    : module_(module),
      source_(source),
      wasm_(source.wasm),
      options_(source.options),
      partition_(source.partitioning.partitions[partition]),
      is_first_(partition == 0),
      debug_(module) {
  layout_.tables = static_cast<std::uint32_t>(wasm_.tables.size());
  layout_.imported_functions = wasm_.imported_functions;
  layout_.globals = static_cast<std::uint32_t>(wasm_.globals.size());
  // DWARF 4 keeps the whole line table in .debug_line, which is all that the image needs of it.
  module.addModuleFlag(llvm::Module::Warning, "Dwarf Version", 4);
  module.addModuleFlag(llvm::Module::Warning, "Debug Info Version", llvm::DEBUG_METADATA_VERSION);
  file_ = debug_.createFile("module.wasm", "");
  debug_.createCompileUnit(llvm::dwarf::DW_LANG_C, file_, "slack-compile", true, "", 0, "",
                           llvm::DICompileUnit::LineTablesOnly);
  // In their order, in which their code is to stand.
  for (auto index = partition_.first; index < partition_.end; ++index) (void)function(index);
  if (is_first_) define_libc();
}

void Environment::finish() { debug_.finalize(); }

llvm::GlobalVariable* Environment::fixed_symbol(llvm::StringRef name) {
  auto* symbol = slack::jit::fixed_symbol(module_, name);
  // Linear memory of other slots lies beyond the reach of a displacement.
  if (options_.slot != 0 && name == kMemorySymbol) symbol->setCodeModel(llvm::CodeModel::Large);
  return symbol;
}

llvm::Constant* Environment::context_address(std::uint64_t offset) {
  return fixed_address(module_, kContextSymbol, offset);
}

llvm::FunctionCallee Environment::safepoint_marker() {
  auto* known = module_.getFunction(kSafepointMarker);
  if (known) return known;
  auto* i32 = llvm::Type::getInt32Ty(context());
  auto* i64 = llvm::Type::getInt64Ty(context());
  auto* type = llvm::FunctionType::get(llvm::Type::getVoidTy(context()), {i64, i32, i32, i64, i64}, false);
  auto* marker = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, kSafepointMarker, module_);
  // It touches nothing that the module can see, but must not vanish, and two must not become one that has to choose
  // between their constants.
  marker->setMemoryEffects(llvm::MemoryEffects::inaccessibleMemOnly());
  for (const auto attribute :
       {llvm::Attribute::NoUnwind, llvm::Attribute::WillReturn, llvm::Attribute::NoCallback, llvm::Attribute::NoFree,
        llvm::Attribute::NoSync, llvm::Attribute::NoRecurse, llvm::Attribute::NoMerge}) {
    marker->addFnAttr(attribute);
  }
  // The inliner is to judge a function by what the module says, the same in all modes. Where nothing is counted a
  // safepoint costs as much as an instruction (InlineConstants::InstrCost): a chain of functions that hold nothing
  // else, each calling the one before twice, would double without end. Where fuel is counted the adds between them cost
  // that.
  marker->addFnAttr("call-inline-cost", counts_fuel() ? "0" : "5");
  return marker;
}

llvm::Function* Environment::make_function(std::uint32_t index) {
  const auto& definition = wasm_.functions[index];
  const auto& symbol = source_.symbols[index];
  auto* function = llvm::Function::Create(internal_type(context(), wasm_.type_of(index), counts_fuel()),
                                          llvm::GlobalValue::InternalLinkage, symbol, module_);
  function->setCallingConv(llvm::CallingConv::Fast);
  if (counts_fuel()) function->addFnAttr(fuel_attribute(context(), fuel_parameter(wasm_.type_of(index))));
  add_common_attributes(*function);
  const bool is_own = partition_.contains(index);
  const bool is_copy = std::binary_search(partition_.copies.begin(), partition_.copies.end(), index);
  if (!is_own || source_.partitioning.shared[index]) share(*function);
  if (is_copy) function->setLinkage(llvm::GlobalValue::AvailableExternallyLinkage);
  if (!is_own && !is_copy) return function;
  const auto line = static_cast<unsigned>(definition.body_offset.count());
  auto* type = debug_.createSubroutineType(debug_.getOrCreateTypeArray({}));
  function->setSubprogram(debug_.createFunction(file_, symbol, "", file_, line, type, line, llvm::DINode::FlagZero,
                                                llvm::DISubprogram::SPFlagDefinition |
                                                    llvm::DISubprogram::SPFlagLocalToUnit |
                                                    llvm::DISubprogram::SPFlagOptimized));
  return function;
}

// The code generator may turn copies of its own making into calls of these three; they go on to the worker's libc.
void Environment::define_libc() {
  auto* pointer = llvm::PointerType::get(context(), 0);
  auto* i32 = llvm::Type::getInt32Ty(context());
  auto* i64 = llvm::Type::getInt64Ty(context());
  const struct {
    const char* name;
    Service service;
    llvm::Type* second;
  } functions[] = {{"memcpy", Service::libc_memcpy, pointer},
                   {"memmove", Service::libc_memmove, pointer},
                   {"memset", Service::libc_memset, i32}};
  llvm::SmallVector<llvm::GlobalValue*, 3> kept;
  for (const auto& each : functions) {
    auto* type = llvm::FunctionType::get(pointer, {pointer, each.second, i64}, false);
    auto* function = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, each.name, module_);
    function->setDSOLocal(true);
    add_common_attributes(*function);
    function->addFnAttr(llvm::Attribute::NoBuiltin);
    function->addFnAttr(llvm::Attribute::NoInline);
    llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context(), "", function));
    llvm::SmallVector<llvm::Value*, 3> arguments;
    for (auto& argument : function->args()) arguments.push_back(&argument);
    builder.CreateRet(call_service(builder, each.service, pointer, arguments, nullptr));
    kept.push_back(function);
  }
  llvm::appendToCompilerUsed(module_, kept);
}

// Visible to the other partitions, and to nothing outside of the image.
void Environment::share(llvm::GlobalValue& value) {
  value.setLinkage(llvm::GlobalValue::ExternalLinkage);
  value.setVisibility(llvm::GlobalValue::HiddenVisibility);
  value.setDSOLocal(true);
}

void Environment::add_common_attributes(llvm::Function& function) {
  function.setDoesNotThrow();
  function.addFnAttr("frame-pointer", "all");        // backtraces walk them
  function.addFnAttr("probe-stack", "inline-asm");   // a big frame must meet the guard page, not jump it
  function.addFnAttr("disable-tail-calls", "true");  // endless recursion ends in stack exhaustion, as specified
}

llvm::Function* Environment::function(std::uint32_t index) {
  auto& known = functions_[index];
  if (!known) known = index < wasm_.imported_functions ? make_import_wrapper(index) : make_function(index);
  return known;
}

// A pointer in the context that is set before the instance runs and never after.
llvm::LoadInst* Environment::load_fixed(llvm::IRBuilder<>& builder, std::uint64_t offset) {
  auto* load = builder.CreateAlignedLoad(llvm::PointerType::get(context(), 0), context_address(offset), llvm::Align(8));
  load->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(context(), {}));
  return load;
}

llvm::Value* Environment::memory_base(llvm::IRBuilder<>& builder) {
  if (wasm_.imported_memories == 0) return fixed_symbol(kMemorySymbol);
  return load_fixed(builder, offsetof(ContextHead, memory_base));
}

llvm::Value* Environment::memory_bytes(llvm::IRBuilder<>& builder) {
  constexpr std::uint64_t kOffset = offsetof(ContextHead, memory_bytes);
  llvm::Value* where = context_address(kOffset);
  if (wasm_.imported_memories != 0) {
    where = builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(),
                                               load_fixed(builder, offsetof(ContextHead, memory_owner)), kOffset);
  }
  return builder.CreateAlignedLoad(builder.getInt64Ty(), where, llvm::Align(8));
}

llvm::Value* Environment::table_descriptor(llvm::IRBuilder<>& builder, std::uint32_t table) {
  if (table >= wasm_.imported_tables) return context_address(layout_.table(table));
  return load_fixed(builder, layout_.table(table) + offsetof(TableDescriptor, elements));
}

llvm::Value* Environment::global_cell(llvm::IRBuilder<>& builder, std::uint32_t global) {
  if (global >= wasm_.imported_globals || !wasm_.globals[global].type.is_mutable) {
    return context_address(layout_.global(global));
  }
  return load_fixed(builder, layout_.global(global));
}

llvm::Value* Environment::import_code(llvm::IRBuilder<>& builder, std::uint32_t index) {
  return load_fixed(builder, layout_.import_slot(index) + offsetof(ImportSlot, code));
}

llvm::Function* Environment::make_import_wrapper(std::uint32_t index) {
  const auto& type = wasm_.type_of(index);
  auto* function = llvm::Function::Create(internal_type(context(), type, counts_fuel()),
                                          llvm::GlobalValue::InternalLinkage, source_.symbols[index], module_);
  function->setCallingConv(llvm::CallingConv::Fast);
  add_common_attributes(*function);
  llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context(), "", function));
  llvm::SmallVector<llvm::Value*, 8> arguments;
  for (auto& argument : function->args()) arguments.push_back(&argument);
  auto* call = builder.CreateCall(function->getFunctionType(), import_code(builder, index), arguments);
  call->setCallingConv(llvm::CallingConv::Fast);
  call->setDoesNotThrow();
  if (function->getReturnType()->isVoidTy()) {
    builder.CreateRetVoid();
  } else {
    builder.CreateRet(call);
  }
  return function;
}

llvm::Function* Environment::make_import_adapter(std::uint32_t index) {
  const auto& type = wasm_.type_of(index);
  if (type.results.size() > 1) return nullptr;
  auto* function =
      llvm::Function::Create(internal_type(context(), type, counts_fuel()), llvm::GlobalValue::InternalLinkage,
                             "slack_adapter." + std::to_string(index), module_);
  function->setCallingConv(llvm::CallingConv::Fast);
  function->setSection(kAdapterSection);
  add_common_attributes(*function);
  llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context(), "", function));
  llvm::SmallVector<llvm::Value*, 8> arguments;
  for (auto& argument : function->args()) arguments.push_back(&argument);
  llvm::Value* fuel = nullptr;
  if (counts_fuel()) fuel = remove_fuel(arguments, fuel_parameter(type));
  store_fuel(builder, fuel);
  auto* target = load_fixed(builder, layout_.import_slot(index) + offsetof(ImportSlot, host));
  auto* call = builder.CreateCall(host_type(context(), type), target, arguments);
  call->setDoesNotThrow();
  llvm::SmallVector<llvm::Value*, 2> results;
  if (!type.results.empty()) results.push_back(call);
  if (fuel) insert_fuel(results, fuel_result(type), load_fuel(builder));
  return_packed(builder, function->getReturnType(), results);
  return function;
}

llvm::Constant* Environment::descriptor(std::uint32_t index) {
  auto*& descriptor = descriptors_[index];
  if (descriptor) return descriptor;
  auto* i64 = llvm::Type::getInt64Ty(context());
  auto* layout = llvm::StructType::get(context(), {llvm::PointerType::get(context(), 0), i64});
  descriptor = new llvm::GlobalVariable(module_, layout, true, llvm::GlobalValue::InternalLinkage, nullptr,
                                        "slack_function." + std::to_string(index));
  descriptor->setAlignment(llvm::Align(16));
  if (is_first_) {
    const auto& type = wasm_.type_of(index);
    auto* signature = llvm::ConstantInt::get(i64, image::digest_of(type.parameters, type.results));
    descriptor->setInitializer(llvm::ConstantStruct::get(layout, {function(index), signature}));
  }
  if (!source_.partitioning.is_single()) share(*descriptor);
  return descriptor;
}

void Environment::store_fuel(llvm::IRBuilder<>& builder, llvm::Value* fuel) {
  if (fuel) builder.CreateAlignedStore(fuel, context_address(offsetof(ContextHead, fuel)), llvm::Align(8));
}

llvm::Value* Environment::load_fuel(llvm::IRBuilder<>& builder) {
  return builder.CreateAlignedLoad(llvm::Type::getInt64Ty(context()), context_address(offsetof(ContextHead, fuel)),
                                   llvm::Align(8), "fuel");
}

llvm::CallInst* Environment::call_service(llvm::IRBuilder<>& builder, Service service, llvm::Type* result,
                                          llvm::ArrayRef<llvm::Value*> arguments, llvm::Value* fuel) {
  store_fuel(builder, fuel);
  llvm::SmallVector<llvm::Type*, 8> types;
  for (auto* argument : arguments) types.push_back(argument->getType());
  const auto slot = offsetof(ContextHead, services) + std::uint64_t{8} * static_cast<std::uint32_t>(service);
  auto* target = builder.CreateAlignedLoad(llvm::PointerType::get(context(), 0), context_address(slot), llvm::Align(8));
  auto* call = builder.CreateCall(llvm::FunctionType::get(result, types, false), target, arguments);
  call->setDoesNotThrow();
  return call;
}

llvm::SmallVector<llvm::Value*, 4> unpack(llvm::IRBuilder<>& builder, llvm::Value* returned) {
  llvm::SmallVector<llvm::Value*, 4> parts;
  if (const auto* tuple = llvm::dyn_cast<llvm::StructType>(returned->getType())) {
    for (unsigned i = 0; i < tuple->getNumElements(); ++i) parts.push_back(builder.CreateExtractValue(returned, i));
  } else if (!returned->getType()->isVoidTy()) {
    parts.push_back(returned);
  }
  return parts;
}

void return_packed(llvm::IRBuilder<>& builder, llvm::Type* type, llvm::ArrayRef<llvm::Value*> parts) {
  if (parts.empty()) {
    builder.CreateRetVoid();
  } else if (parts.size() == 1) {
    builder.CreateRet(parts.front());
  } else {
    llvm::Value* tuple = llvm::PoisonValue::get(type);
    for (unsigned i = 0; i < parts.size(); ++i) tuple = builder.CreateInsertValue(tuple, parts[i], i);
    builder.CreateRet(tuple);
  }
}

}  // namespace slack::jit

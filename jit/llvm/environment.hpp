// Environment: what the functions of one module share while they are lowered: the fixed symbols, the layout of the
// context, the functions and their descriptors, and the debug information that says which operator an address is from.
#pragma once

#include <llvm/ADT/DenseMap.h>
#include <llvm/IR/DIBuilder.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

#include "daemon/base/context.hpp"
#include "jit/llvm/source.hpp"
#include "jit/meter/cost.hpp"

namespace slack::jit {

// The call that stands for a safepoint until safepoint_lowering.hpp makes a store of it:
// void (i64 fuel, i32 function, i32 offset, i64 potential, i64 most), whose operands SafepointOperand names. By its
// name LLVM takes it for an intrinsic, which costs an inlined function or an unrolled loop next to nothing, as against
// the call that it is not.
inline constexpr char kSafepointMarker[] = "llvm.slack.safepoint";
inline constexpr char kHeaderSymbol[] = "slack_image_header";
inline constexpr char kTextBeginSymbol[] = "slack_text_begin";
inline constexpr char kTextEndSymbol[] = "slack_text_end";
inline constexpr char kSafepointSymbol[] = "slack_safepoint";
inline constexpr char kContextSymbol[] = "slack_context";
inline constexpr char kMemorySymbol[] = "slack_memory";
// Where the adapters to host functions stand: executable, but behind slack_text_end, so that a backtrace shows the
// function that called the host.
inline constexpr char kAdapterSection[] = ".slack.adapters";

// A symbol at an address that the address map fixes. Its size is unknown to LLVM, so that no access to it is ever
// thought safe to speculate.
[[nodiscard]] llvm::GlobalVariable* fixed_symbol(llvm::Module& module, llvm::StringRef name);
// The address `offset` bytes into it.
[[nodiscard]] llvm::Constant* fixed_address(llvm::Module& module, llvm::StringRef name, std::uint64_t offset);

class Environment {
 public:
  // For partition number `partition` of `source`, which outlives this.
  Environment(llvm::Module& module, const Source& source, std::size_t partition);

  [[nodiscard]] llvm::Module& module() { return module_; }
  [[nodiscard]] llvm::LLVMContext& context() { return module_.getContext(); }
  [[nodiscard]] const wasm::Module& wasm() const { return wasm_; }
  [[nodiscard]] const CompileOptions& options() const { return options_; }
  [[nodiscard]] const Partition& partition() const { return partition_; }
  [[nodiscard]] const ContextLayout& layout() const { return layout_; }

  [[nodiscard]] const meter::CostTable& costs() const { return source_.costs; }
  [[nodiscard]] bool counts_fuel() const { return slack::counts_fuel(options_.metering); }
  [[nodiscard]] const meter::PollPlan& polls() const { return source_.polls; }
  // Whether safepoints are marked. In mode `counted` too, which takes the marks away before they cost anything: until
  // then they keep loops from being computed in one step, and fuel from running through its 64 bits with them.
  [[nodiscard]] bool has_safepoints() const { return options_.metering != Metering::none; }

  // One of the fixed symbols, as this module's slot reaches it.
  [[nodiscard]] llvm::GlobalVariable* fixed_symbol(llvm::StringRef name);
  // The address `offset` bytes into slack_context.
  [[nodiscard]] llvm::Constant* context_address(std::uint64_t offset);
  [[nodiscard]] llvm::FunctionCallee safepoint_marker();

  // Where linear memory 0 begins. Memory that the module defines has the address of its slot, a fixed symbol; that of
  // imported memory stands in the context.
  [[nodiscard]] llvm::Value* memory_base(llvm::IRBuilder<>& builder);
  // Of linear memory 0.
  [[nodiscard]] llvm::Value* memory_bytes(llvm::IRBuilder<>& builder);
  // The address of a TableDescriptor, own or imported.
  [[nodiscard]] llvm::Value* table_descriptor(llvm::IRBuilder<>& builder, std::uint32_t table);
  // The address of a global's cell. Immutable imported globals have a copy here; mutable ones are shared.
  [[nodiscard]] llvm::Value* global_cell(llvm::IRBuilder<>& builder, std::uint32_t global);

  // Function `index` in the internal convention; of another partition, a declaration, or the empty definition of its
  // copy. For an imported one it is a wrapper, made when first asked for, whose address can go into a table.
  [[nodiscard]] llvm::Function* function(std::uint32_t index);
  // Address of the FunctionDescriptor of `index`: the value of a reference to it. It stands in the first partition.
  [[nodiscard]] llvm::Constant* descriptor(std::uint32_t index);
  // Of a function that is lowered here.
  [[nodiscard]] llvm::DISubprogram* subprogram(std::uint32_t index) {
    return functions_.lookup(index)->getSubprogram();
  }

  // Attributes that all machine code of an image has.
  void add_common_attributes(llvm::Function& function);

  // What an imported function is called by: the code in its import slot, in the internal convention.
  [[nodiscard]] llvm::Value* import_code(llvm::IRBuilder<>& builder, std::uint32_t index);
  // What stands in the import slot of function `index` when it is a host function: internal convention outside, the C
  // convention to the host. Null for a type that no host function has.
  [[nodiscard]] llvm::Function* make_import_adapter(std::uint32_t index);

  // A call of the host, in the C convention. `fuel` is stored in the context before (null: mode `none`).
  llvm::CallInst* call_service(llvm::IRBuilder<>& builder, Service service, llvm::Type* result,
                               llvm::ArrayRef<llvm::Value*> arguments, llvm::Value* fuel);
  [[nodiscard]] llvm::Value* load_fuel(llvm::IRBuilder<>& builder);

  // Finishes the debug information; call once, after all functions are lowered.
  void finish();

 private:
  llvm::Function* make_function(std::uint32_t index);
  void define_libc();
  static void share(llvm::GlobalValue& value);
  llvm::Function* make_import_wrapper(std::uint32_t index);
  llvm::LoadInst* load_fixed(llvm::IRBuilder<>& builder, std::uint64_t offset);
  void store_fuel(llvm::IRBuilder<>& builder, llvm::Value* fuel);

  llvm::Module& module_;
  const Source& source_;
  const wasm::Module& wasm_;
  const CompileOptions& options_;
  const Partition& partition_;
  const bool is_first_;
  ContextLayout layout_;
  llvm::DIBuilder debug_;
  llvm::DIFile* file_ = nullptr;
  llvm::DenseMap<std::uint32_t, llvm::Function*> functions_;
  llvm::DenseMap<std::uint32_t, llvm::GlobalVariable*> descriptors_;
};

// The components of what a call of the internal convention returned, and the way back.
[[nodiscard]] llvm::SmallVector<llvm::Value*, 4> unpack(llvm::IRBuilder<>& builder, llvm::Value* returned);
void return_packed(llvm::IRBuilder<>& builder, llvm::Type* type, llvm::ArrayRef<llvm::Value*> parts);

}  // namespace slack::jit

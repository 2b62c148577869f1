// From safepoint markers to safepoints.
#include "jit/llvm/safepoint_lowering.hpp"

#include <llvm/ADT/DenseSet.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/IR/Metadata.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>

#include <optional>
#include <utility>

#include "daemon/base/context.hpp"
#include "daemon/wire/trap.hpp"
#include "jit/llvm/environment.hpp"
#include "jit/llvm/value_marker.hpp"

namespace slack::jit {

namespace {

// The operands of a marker, in either of its forms.
struct Safepoint {
  explicit Safepoint(const llvm::CallInst& marker)
      : fuel(operand(marker, kFuelOperand)),
        function(llvm::cast<llvm::ConstantInt>(operand(marker, kFunctionOperand))),
        offset(llvm::cast<llvm::ConstantInt>(operand(marker, kOffsetOperand))),
        owed(llvm::cast<llvm::ConstantInt>(operand(marker, kPotentialOperand))) {}

  static llvm::Value* operand(const llvm::CallInst& marker, unsigned i) {
    return marker.arg_empty() ? marker.getOperandBundleAt(0).Inputs[i].get() : marker.getArgOperand(i);
  }

  llvm::Value* fuel;
  llvm::ConstantInt* function;
  llvm::ConstantInt* offset;
  llvm::ConstantInt* owed;
};

llvm::SmallVector<llvm::CallInst*, 32> markers_of(llvm::Module& module) {
  llvm::SmallVector<llvm::CallInst*, 32> markers;
  if (auto* marker = module.getFunction(kSafepointMarker)) {
    for (auto* user : marker->users()) markers.push_back(llvm::cast<llvm::CallInst>(user));
  }
  return markers;
}

llvm::SmallVector<llvm::CallInst*, 32> softened_markers_of(llvm::Module& module) {
  llvm::SmallVector<llvm::CallInst*, 32> markers;
  auto* softened = llvm::Intrinsic::getDeclaration(&module, llvm::Intrinsic::sideeffect);
  for (auto* user : softened->users()) {
    auto* call = llvm::cast<llvm::CallInst>(user);
    if (is_softened(*call)) markers.push_back(call);
  }
  return markers;
}

// Of adds one after the other so many are looked through: a copy of a round has one or two.
constexpr int kMostSteps = 4'096;

// What is added to element `index` on the way from `from` to `to`, both vectors; nothing where not by constants only.
std::optional<llvm::APInt> sum_between(const llvm::Value* from, const llvm::Value* to, unsigned index) {
  llvm::APInt sum(64, 0);
  for (int step = 0; to != from; ++step) {
    if (step == kMostSteps) return std::nullopt;
    const auto* add = llvm::dyn_cast<llvm::BinaryOperator>(to);
    if (!add || add->getOpcode() != llvm::Instruction::Add) return std::nullopt;
    const auto* constant = llvm::dyn_cast<llvm::Constant>(add->getOperand(1));
    const auto* amount =
        constant ? llvm::dyn_cast_or_null<llvm::ConstantInt>(constant->getAggregateElement(index)) : nullptr;
    if (!amount || amount->getBitWidth() != 64) return std::nullopt;
    sum += amount->getValue();
    to = add->getOperand(0);
  }
  return sum;
}

// A value as what it was, a number, and what constants were added to that.
struct Sum {
  const llvm::Value* root;
  llvm::APInt ahead;
};

// Element `index` of a phi of vectors that count up by the same in all elements, by how far it is ahead of the first.
std::optional<Sum> element_of_counter(const llvm::PHINode& phi, unsigned index);

std::optional<Sum> read_element(const llvm::Value* vector, unsigned index, bool in_loop);

std::optional<Sum> read_sum(const llvm::Value* value) {
  llvm::APInt ahead(64, 0);
  for (int step = 0; step < kMostSteps; ++step) {
    const auto* add = llvm::dyn_cast<llvm::BinaryOperator>(value);
    const auto* amount = add ? llvm::dyn_cast<llvm::ConstantInt>(add->getOperand(1)) : nullptr;
    if (!amount || add->getOpcode() != llvm::Instruction::Add) break;
    ahead += amount->getValue();
    value = add->getOperand(0);
  }
  const auto* element = llvm::dyn_cast<llvm::ExtractElementInst>(value);
  const auto* index = element ? llvm::dyn_cast<llvm::ConstantInt>(element->getIndexOperand()) : nullptr;
  if (!index) return Sum{value, ahead};
  auto sum = read_element(element->getVectorOperand(), static_cast<unsigned>(index->getZExtValue()), true);
  if (sum) sum->ahead += ahead;
  return sum;
}

// `in_loop`: not what a counter begins with.
std::optional<Sum> read_element(const llvm::Value* vector, unsigned index, bool in_loop) {
  llvm::APInt ahead(64, 0);
  std::optional<Sum> found;
  for (int step = 0; !found; ++step) {
    if (step == kMostSteps) return std::nullopt;
    if (const auto* add = llvm::dyn_cast<llvm::BinaryOperator>(vector)) {
      const auto amount = sum_between(add->getOperand(0), add, index);
      if (!amount) return std::nullopt;
      ahead += *amount;
      vector = add->getOperand(0);
    } else if (const auto* insert = llvm::dyn_cast<llvm::InsertElementInst>(vector)) {
      const auto* place = llvm::dyn_cast<llvm::ConstantInt>(insert->getOperand(2));
      if (!place) return std::nullopt;
      if (place->getZExtValue() == index) found = read_sum(insert->getOperand(1));
      vector = insert->getOperand(0);
    } else if (const auto* shuffle = llvm::dyn_cast<llvm::ShuffleVectorInst>(vector)) {
      const auto width = llvm::cast<llvm::FixedVectorType>(shuffle->getOperand(0)->getType())->getNumElements();
      const auto from = shuffle->getMaskValue(index);
      if (from < 0) return std::nullopt;
      index = static_cast<unsigned>(from) % width;
      vector = shuffle->getOperand(static_cast<unsigned>(from) / width);
    } else if (const auto* phi = llvm::dyn_cast<llvm::PHINode>(vector); phi && in_loop) {
      found = element_of_counter(*phi, index);
      if (!found) return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  found->ahead += ahead;
  return found;
}

std::optional<Sum> element_of_counter(const llvm::PHINode& phi, unsigned index) {
  if (phi.getNumIncomingValues() != 2) return std::nullopt;
  for (unsigned around = 0; around < 2; ++around) {
    const auto step = sum_between(&phi, phi.getIncomingValue(around), index);
    if (!step || step != sum_between(&phi, phi.getIncomingValue(around), 0)) continue;
    const auto* begin = phi.getIncomingValue(1 - around);
    const auto first = read_element(begin, 0, false);
    const auto this_one = read_element(begin, index, false);
    if (first && this_one && first->root == this_one->root) return Sum{&phi, this_one->ahead - first->ahead};
  }
  return std::nullopt;
}

// `vector`'s element `index` as a counter of its own, where it counts up by constants: a vectorised loop keeps fuel in
// all lanes of a vector, of which its safepoint needs one. Null where it is anything else.
llvm::Value* scalar_element(llvm::Instruction& user, llvm::Value* vector, unsigned index) {
  auto* root = vector;
  while (auto* add = llvm::dyn_cast<llvm::BinaryOperator>(root)) root = add->getOperand(0);
  auto* phi = llvm::dyn_cast<llvm::PHINode>(root);
  const auto ahead = sum_between(root, vector, index);
  if (!phi || !ahead || phi->getNumIncomingValues() != 2) return nullptr;
  for (unsigned around = 0; around < 2; ++around) {
    const auto step = sum_between(phi, phi->getIncomingValue(around), index);
    if (!step) continue;
    auto* before = phi->getIncomingBlock(1 - around);
    auto* latch = phi->getIncomingBlock(around);
    auto* start = llvm::IRBuilder<>(before->getTerminator())
                      .CreateExtractElement(phi->getIncomingValue(1 - around), std::uint64_t{index});
    llvm::IRBuilder<> builder(phi);
    auto* scalar = builder.CreatePHI(start->getType(), 2, "fuel");
    scalar->addIncoming(start, before);
    builder.SetInsertPoint(latch->getTerminator());
    scalar->addIncoming(builder.CreateAdd(scalar, builder.getInt(*step)), latch);
    builder.SetInsertPoint(&user);
    return builder.CreateAdd(scalar, builder.getInt(*ahead));
  }
  return nullptr;
}

void make_scalar(llvm::Instruction& marker) {
  auto* fuel = &marker.getOperandUse(0);
  for (auto* add = llvm::dyn_cast<llvm::BinaryOperator>(fuel->get());
       add && llvm::isa<llvm::Constant>(add->getOperand(1)); add = llvm::dyn_cast<llvm::BinaryOperator>(fuel->get())) {
    fuel = &add->getOperandUse(0);
  }
  auto* element = llvm::dyn_cast<llvm::ExtractElementInst>(fuel->get());
  if (!element) return;
  const auto* index = llvm::dyn_cast<llvm::ConstantInt>(element->getIndexOperand());
  if (!index) return;
  auto* scalar = scalar_element(*element, element->getVectorOperand(), static_cast<unsigned>(index->getZExtValue()));
  if (scalar) fuel->set(scalar);
}

// `fuel` in a general register: a loop that was vectorised may keep it in a vector, whose first element the selector
// would store from there, in an instruction that the safepoint table does not know.
llvm::Value* in_general_register(llvm::IRBuilder<>& builder, llvm::Value* fuel) {
  const auto* root = fuel;
  while (const auto* sum = llvm::dyn_cast<llvm::BinaryOperator>(root)) root = sum->getOperand(0);
  if (!llvm::isa<llvm::ExtractElementInst>(root)) return fuel;
  auto* type = llvm::FunctionType::get(fuel->getType(), {fuel->getType()}, false);
  return builder.CreateCall(llvm::InlineAsm::get(type, "", "=r,0", false), {fuel});
}

// The store that publishes fuel, and at which the run parks when the page is protected.
void store_fuel(llvm::Module& module, llvm::CallInst* marker) {
  const Safepoint safepoint(*marker);
  llvm::IRBuilder<> builder(marker);
  auto* fuel = in_general_register(builder, safepoint.fuel);
  auto* store = builder.CreateAlignedStore(fuel, fixed_address(module, kSafepointSymbol, 0), llvm::Align(8), true);
  // Of a store that is volatile only the selector would find a better place in the chain of stores, and hand its record
  // to all that it makes on the way (SelectionDAG::copyExtraInfo).
  store->setAtomic(llvm::AtomicOrdering::Monotonic);
  auto& context = module.getContext();
  const auto constant = [](llvm::Constant* value) -> llvm::Metadata* { return llvm::ConstantAsMetadata::get(value); };
  auto* record = llvm::MDNode::get(context, {constant(builder.getInt32(kRecordMark)), constant(safepoint.function),
                                             constant(safepoint.offset), constant(safepoint.owed)});
  store->setMetadata(llvm::LLVMContext::MD_pcsections,
                     llvm::MDNode::get(context, {llvm::MDString::get(context, kRecordSection), record}));
}

llvm::LoadInst* load_context(llvm::IRBuilder<>& builder, llvm::Module& module, std::uint64_t field) {
  return builder.CreateAlignedLoad(builder.getInt64Ty(), fixed_address(module, kContextSymbol, field), llvm::Align(8));
}

// Ends the run where `condition` holds, by the trap service: the verdict follows from the fuel.
void stop_if(llvm::Module& module, llvm::CallInst* marker, llvm::Value* condition, llvm::Value* fuel, Trap trap) {
  const Safepoint safepoint(*marker);
  auto* rarely = llvm::MDBuilder(module.getContext()).createUnlikelyBranchWeights();
  llvm::IRBuilder<> builder(llvm::SplitBlockAndInsertIfThen(condition, marker, true, rarely));
  if (fuel) {
    builder.CreateAlignedStore(fuel, fixed_address(module, kContextSymbol, offsetof(ContextHead, fuel)),
                               llvm::Align(8));
  }
  constexpr auto kSlot = offsetof(ContextHead, services) + 8 * static_cast<std::uint64_t>(Service::trap);
  auto* target =
      builder.CreateAlignedLoad(builder.getPtrTy(), fixed_address(module, kContextSymbol, kSlot), llvm::Align(8));
  auto* i32 = builder.getInt32Ty();
  auto* call =
      builder.CreateCall(llvm::FunctionType::get(builder.getVoidTy(), {i32, i32, i32}, false), target,
                         {builder.getInt32(static_cast<std::uint32_t>(trap)), safepoint.function, safepoint.offset});
  call->setDoesNotThrow();
  call->setDoesNotReturn();
  call->addFnAttr(llvm::Attribute::Cold);
}

void compare_fuel(llvm::Module& module, llvm::CallInst* marker) {
  const Safepoint safepoint(*marker);
  llvm::IRBuilder<> builder(marker);
  auto* exact = builder.CreateAdd(safepoint.fuel, safepoint.owed);
  auto* limit = load_context(builder, module, offsetof(ContextHead, fuel_limit));
  stop_if(module, marker, builder.CreateICmpUGT(exact, limit), exact, Trap::out_of_fuel);
}

void compare_epoch(llvm::Module& module, llvm::CallInst* marker) {
  llvm::IRBuilder<> builder(marker);
  auto* epoch = load_context(builder, module, offsetof(ContextHead, epoch));
  epoch->setVolatile(true);  // a signal's handler ends it: the code generator must not read it once for a whole loop
  auto* deadline = load_context(builder, module, offsetof(ContextHead, epoch_deadline));
  stop_if(module, marker, builder.CreateICmpUGE(epoch, deadline), nullptr, Trap::interrupt);
}

}  // namespace

bool is_softened(const llvm::Instruction& instruction) { return as_marker(instruction, kSafepointOperands) != nullptr; }

void drop_safepoints(llvm::Module& module) {
  for (auto* marker : markers_of(module)) marker->eraseFromParent();
}

void soften_safepoints(llvm::Module& module) {
  for (auto* marker : markers_of(module)) {
    llvm::SmallVector<llvm::Value*, kSafepointOperands> operands(marker->args());
    make_marker(marker->getIterator(), operands, marker->getDebugLoc());
    marker->eraseFromParent();
  }
}

bool merge_safepoints(llvm::Function& function) {
  // The first of all copies in a block, and where fuel was at the last that stays.
  struct Copies {
    llvm::Instruction* first;
    std::optional<Sum> at_first;
    std::optional<Sum> at_last;
  };
  llvm::SmallVector<llvm::Instruction*, 16> superfluous;
  llvm::SmallVector<llvm::Instruction*, 16> first_ones;
  struct Copy {
    llvm::Instruction* first;
    llvm::Instruction* copy;
    llvm::APInt ahead;  // of the first one
  };
  llvm::SmallVector<Copy, 4> others;  // whose fuel is in a vector
  for (auto& block : function) {
    llvm::SmallDenseMap<std::pair<llvm::Value*, llvm::Value*>, Copies, 4> seen;
    for (auto& instruction : block) {
      if (!is_softened(instruction)) continue;
      const Safepoint safepoint(llvm::cast<llvm::CallInst>(instruction));
      const auto at = read_sum(safepoint.fuel);
      const auto [copies, is_new] = seen.insert({{safepoint.function, safepoint.offset}, {&instruction, at, at}});
      if (is_new) {
        first_ones.push_back(&instruction);
        continue;
      }
      auto& [first, at_first, at_last] = copies->second;
      const auto is_far = [&] { return (at->ahead - at_last->ahead).uge(kMostMergedFuel); };
      if (at && at_last && at->root == at_last->root && !is_far()) {
        superfluous.push_back(&instruction);
        continue;
      }
      at_last = at;
      if (!at || !at_first || at->root != at_first->root || !at->root->getType()->isVectorTy()) continue;
      others.push_back({first, &instruction, at->ahead - at_first->ahead});
    }
  }
  for (auto* instruction : superfluous) instruction->eraseFromParent();
  for (auto* instruction : first_ones) make_scalar(*instruction);
  for (const auto& [first, copy, ahead] : others) {
    llvm::IRBuilder<> builder(copy);
    copy->setOperand(0, builder.CreateAdd(first->getOperand(0), builder.getInt(ahead)));
  }
  return !first_ones.empty();
}

void lower_safepoints(llvm::Module& module, Metering metering) {
  for (auto* marker : softened_markers_of(module)) {
    switch (metering) {
      case Metering::none:
      case Metering::counted:
        break;
      case Metering::slacked:
        store_fuel(module, marker);
        break;
      case Metering::checked:
        compare_fuel(module, marker);
        break;
      case Metering::epoch:
        compare_epoch(module, marker);
        break;
    }
    marker->eraseFromParent();
  }
  if (auto* marker = module.getFunction(kSafepointMarker)) marker->eraseFromParent();
}

}  // namespace slack::jit

// Load anchors: a load whose value nobody needs may still trap, and must.
#include "jit/llvm/load_anchor.hpp"

#include <llvm/ADT/PostOrderIterator.h>
#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>

#include "jit/llvm/environment.hpp"
#include "jit/llvm/value_marker.hpp"

namespace slack::jit {

namespace {

constexpr unsigned kWholeVectorBits = 128;

using Instructions = llvm::SmallPtrSet<const llvm::Instruction*, 32>;

void add_anchor(llvm::LoadInst* load) { make_marker(std::next(load->getIterator()), {load}, load->getDebugLoc()); }

// The value that `instruction` anchors, null if it is no anchor.
llvm::Value* anchored_by(const llvm::Instruction& instruction) {
  const auto* anchor = as_marker(instruction, 1);
  return anchor ? anchor->getOperandBundleAt(0).Inputs.front().get() : nullptr;
}

bool is_anchor(const llvm::Instruction& instruction) { return anchored_by(instruction) != nullptr; }

llvm::SmallVector<llvm::Instruction*, 32> anchors_of(llvm::Function& function) {
  llvm::SmallVector<llvm::Instruction*, 32> anchors;
  for (auto& instruction : llvm::instructions(function)) {
    if (is_anchor(instruction)) anchors.push_back(&instruction);
  }
  return anchors;
}

// The loads that `value` hands on: itself, or behind what merges or retypes values.
void collect_loads(llvm::Value* value, Instructions& seen, llvm::SmallSetVector<llvm::LoadInst*, 16>& loads) {
  auto* instruction = llvm::dyn_cast<llvm::Instruction>(value);
  if (!instruction || !seen.insert(instruction).second) return;
  if (auto* load = llvm::dyn_cast<llvm::LoadInst>(instruction)) {
    if (!load->isVolatile()) loads.insert(load);
  } else if (llvm::isa<llvm::PHINode, llvm::CastInst, llvm::SelectInst, llvm::FreezeInst>(instruction)) {
    for (auto& operand : instruction->operands()) collect_loads(operand, seen, loads);
  }
}

// What stays whatever becomes of values: an effect, or a decision on the way of control.
bool is_root(const llvm::Instruction& instruction) {
  if (is_anchor(instruction)) return false;
  return instruction.isTerminator() || instruction.mayHaveSideEffects();
}

// Adds to `needed` all that `instruction` is computed from.
void need_operands(const llvm::Instruction& instruction, Instructions& needed) {
  llvm::SmallVector<const llvm::Instruction*, 16> work{&instruction};
  while (!work.empty()) {
    for (const auto& operand : work.pop_back_val()->operands()) {
      const auto* computed = llvm::dyn_cast<llvm::Instruction>(operand);
      if (computed && needed.insert(computed).second) work.push_back(computed);
    }
  }
}

// Whether each execution of `load` decides something within its loop: what has uses behind the loop only is computed
// there, once, after loop-invariant code motion.
bool is_needed_each_time(const llvm::LoadInst& load, const llvm::Loop& loop, const Instructions& needed) {
  Instructions seen;
  llvm::SmallVector<const llvm::Instruction*, 16> work{&load};
  while (!work.empty()) {
    for (const auto* user : work.pop_back_val()->users()) {
      const auto* next = llvm::cast<llvm::Instruction>(user);
      if (is_anchor(*next) || !loop.contains(next) || !seen.insert(next).second) continue;
      if (is_root(*next)) return true;
      if (next->getParent() == loop.getHeader() && llvm::isa<llvm::PHINode>(next) && needed.contains(next)) return true;
      work.push_back(next);
    }
  }
  return false;
}

bool reads_linear_memory(const llvm::LoadInst& load) {
  if (load.hasMetadata(llvm::LLVMContext::MD_invariant_load)) return false;
  const auto* object = llvm::getUnderlyingObject(load.getPointerOperand());
  return !llvm::isa<llvm::GlobalVariable>(object) || object->getName() == kMemorySymbol;
}

// Whether all of a number that `instruction` takes is needed where all of its result is. The code generator sees
// through much: of (a + b) mod 2^32 it adds the low halves, of x < 2^32 it compares the high half with 0 (narrower
// numbers it compares whole).
bool takes_the_whole(const llvm::Instruction& instruction) {
  const auto has_constant = [&] { return llvm::isa<llvm::Constant>(instruction.getOperand(1)); };
  switch (instruction.getOpcode()) {
    case llvm::Instruction::ZExt:
    case llvm::Instruction::SExt:
    case llvm::Instruction::BitCast:
    case llvm::Instruction::Freeze:
    case llvm::Instruction::GetElementPtr:
    case llvm::Instruction::Add:
    case llvm::Instruction::Sub:
    case llvm::Instruction::Select:
    case llvm::Instruction::FCmp:
    case llvm::Instruction::FNeg:
    case llvm::Instruction::FAdd:
    case llvm::Instruction::FSub:
    case llvm::Instruction::FMul:
    case llvm::Instruction::FDiv:
    case llvm::Instruction::FPExt:
    case llvm::Instruction::FPTrunc:
      return true;
    case llvm::Instruction::Mul:
    case llvm::Instruction::And:
    case llvm::Instruction::Or:
    case llvm::Instruction::Xor:
      return !has_constant();
    case llvm::Instruction::ICmp:
      return llvm::cast<llvm::ICmpInst>(instruction).isEquality() || !has_constant() ||
             !instruction.getOperand(0)->getType()->isIntegerTy(64);
    default:
      return false;
  }
}

// Whether something that stays in this block needs `load` there. A select does not: the code generator may turn it into
// a branch, and compute its operands on the way that needs them. Nor does a vector that a number goes into: of lanes
// that later operators ignore, the code generator drops what they were made from.
bool is_held(const llvm::LoadInst& load, const Instructions& kept) {
  const bool has_parts = !load.getType()->isVectorTy() && !load.getType()->isIntegerTy(8);
  Instructions seen;
  llvm::SmallVector<const llvm::Instruction*, 16> work{&load};
  while (!work.empty()) {
    const auto* value = work.pop_back_val();
    for (const auto* user : value->users()) {
      const auto* next = llvm::cast<llvm::Instruction>(user);
      if (next->getParent() != load.getParent() || llvm::isa<llvm::PHINode>(next)) continue;
      if (!seen.insert(next).second) continue;
      if (is_root(*next) || kept.contains(next)) return true;
      if (has_parts && !takes_the_whole(*next)) continue;
      if (!load.getType()->isVectorTy() && next->getType()->isVectorTy()) continue;
      // The code generator knows that what comes from an integer is no NaN, and decides such comparisons itself.
      if (llvm::isa<llvm::SIToFPInst, llvm::UIToFPInst>(next)) continue;
      const auto* select = llvm::dyn_cast<llvm::SelectInst>(next);
      if (select && select->getCondition() != value) continue;
      work.push_back(next);
    }
  }
  return false;
}

// Of a vector the code generator would load the lanes that are needed, which may lie inside memory where the whole does
// not. Before the vectoriser all vectors are the module's own.
bool belongs_to_vector(const llvm::LoadInst& load) {
  return load.getType()->isVectorTy() ||
         llvm::any_of(load.users(), [](const llvm::User* user) { return llvm::isa<llvm::InsertElementInst>(user); });
}

bool takes_a_part(const llvm::User* user) {
  switch (llvm::cast<llvm::Instruction>(user)->getOpcode()) {
    case llvm::Instruction::Trunc:
      return true;
    case llvm::Instruction::And:
    case llvm::Instruction::Shl:
    case llvm::Instruction::LShr:
    case llvm::Instruction::AShr:
      return llvm::isa<llvm::Constant>(user->getOperand(1));
    case llvm::Instruction::ZExt:
    case llvm::Instruction::SExt:
    case llvm::Instruction::BitCast:
      return llvm::any_of(user->users(), takes_a_part);
    default:
      return false;
  }
}

// Of a number the code generator would load the bytes that are needed.
bool is_used_in_part(const llvm::LoadInst& load) {
  return !load.getType()->isVectorTy() && load.getType()->getPrimitiveSizeInBits() > 8 &&
         llvm::any_of(load.users(), takes_a_part);
}

bool is_whole_vector(const llvm::LoadInst& load) {
  return load.getType()->isVectorTy() && load.getType()->getPrimitiveSizeInBits() == kWholeVectorBits;
}

// Where the low lanes of a vector are extended to wider ones (PMOVSX, PMOVZX), LLVM's patterns for processors without
// AVX-512 load these lanes alone, also when the load is volatile. Of a load whose value is frozen they make nothing: it
// stays an instruction of its own. Half a vector that is loaded to be extended they load as a whole.
//
// Only the module's own vectors, which settle_loads has made volatile, are held so: what the vectorisers load is needed
// in every lane, and may be an operand of arithmetic.
void hold_whole(llvm::LoadInst& load) {
  auto* frozen = new llvm::FreezeInst(&load, "", std::next(load.getIterator()));
  frozen->setDebugLoc(load.getDebugLoc());
  load.replaceUsesWithIf(frozen, [&](const llvm::Use& use) { return use.getUser() != frozen; });
}

}  // namespace

void anchor_loads(llvm::ArrayRef<llvm::LoadInst*> loads) {
  for (auto* load : loads) add_anchor(load);
}

bool prune_anchors(llvm::Function& function) {
  const auto anchors = anchors_of(function);
  Instructions seen;
  llvm::SmallSetVector<llvm::LoadInst*, 16> loads;
  Instructions anchored;
  for (auto* anchor : anchors) {
    auto* value = anchored_by(*anchor);
    auto* load = llvm::dyn_cast<llvm::LoadInst>(value);
    if (load && load->getParent() == anchor->getParent() && anchored.insert(load).second) continue;
    collect_loads(value, seen, loads);
    anchor->eraseFromParent();
  }
  for (auto* load : loads) {
    if (!anchored.contains(load)) add_anchor(load);
  }
  return !anchors.empty();
}

bool settle_loads(llvm::Function& function, const llvm::LoopInfo& loops) {
  prune_anchors(function);
  const auto anchors = anchors_of(function);
  if (anchors.empty()) return false;
  Instructions needed;
  for (const auto& instruction : llvm::instructions(function)) {
    if (is_root(instruction)) need_operands(instruction, needed);
  }
  // Users before what they use: a load that feeds the address of another is needed when that is volatile.
  for (auto* block : llvm::post_order(&function)) {
    for (auto& instruction : llvm::reverse(*block)) {
      auto* load = llvm::dyn_cast_or_null<llvm::LoadInst>(anchored_by(instruction));
      if (!load || load->isVolatile()) continue;
      const auto* loop = loops.getLoopFor(load->getParent());
      const bool is_needed = needed.contains(load) && (!loop || is_needed_each_time(*load, *loop, needed));
      if (is_needed && !belongs_to_vector(*load)) continue;
      load->setVolatile(true);
      need_operands(*load, needed);
    }
  }
  for (auto* anchor : anchors) anchor->eraseFromParent();
  return true;
}

bool hold_loads_in_place(llvm::Function& function) {
  bool changed = false;
  for (auto& block : function) {
    Instructions kept;  // loads of this block that stay in it
    for (auto& instruction : llvm::reverse(block)) {
      auto* load = llvm::dyn_cast<llvm::LoadInst>(&instruction);
      if (!load || !reads_linear_memory(*load)) continue;
      if (is_whole_vector(*load) && load->isVolatile()) {
        hold_whole(*load);
        changed = true;
      } else if (!load->isVolatile() && (!is_held(*load, kept) || is_used_in_part(*load))) {
        load->setVolatile(true);
        changed = true;
      }
      kept.insert(load);
    }
  }
  return changed;
}

void hold_loads(llvm::ArrayRef<llvm::LoadInst*> loads) {
  for (auto* load : loads) {
    load->setVolatile(true);
    if (is_whole_vector(*load)) hold_whole(*load);
  }
}

}  // namespace slack::jit

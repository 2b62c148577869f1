// Reads the text of LLVM IR into a Program.
#include "tests/bounds/ir_reader.hpp"

#include <fmt/format.h>
#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/DenseSet.h>
#include <llvm/ADT/SetVector.h>
#include <llvm/Analysis/AssumptionCache.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/ScalarEvolution.h>
#include <llvm/Analysis/ScalarEvolutionExpressions.h>
#include <llvm/Analysis/TargetLibraryInfo.h>
#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/TargetParser/Triple.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <numeric>
#include <utility>

#include "tests/bounds/components.hpp"

namespace slack::bounds {

namespace {

constexpr char kSafepointSymbol[] = "slack_safepoint";
constexpr char kContextSymbol[] = "slack_context";
constexpr char kFuelAttribute[] = "slack-fuel";
constexpr char kModuleMark[] = "; ModuleID";
// A copy that the code generator makes: bytes that an instruction moves.
constexpr std::uint64_t kBytesAnInstruction = 8;

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> modules;
  while (!text.empty()) {
    const auto next = text.find(std::string("\n") + kModuleMark, 1);
    const auto size = next == std::string_view::npos ? text.size() : next + 1;
    modules.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return modules;
}

Expected<std::unique_ptr<llvm::Module>> parse(std::string_view text, llvm::LLVMContext& context) {
  llvm::SMDiagnostic error;
  const std::string copy(text);  // the parser wants a zero behind it
  auto module = llvm::parseAssemblyString(copy, error, context);
  if (module) return module;
  return fail(Fault{EINVAL, fmt::format("IR, line {}: {}", error.getLineNo(), error.getMessage().str())});
}

bool is_safepoint(const llvm::Instruction& instruction) {
  const auto* store = llvm::dyn_cast<llvm::StoreInst>(&instruction);
  return store && store->isVolatile() && store->getPointerOperand()->getName() == kSafepointSymbol;
}

// A call of a service, of a host function or of another instance: by an address that stands in the context.
bool leaves_instance(const llvm::CallBase& call, const llvm::DataLayout& layout) {
  const auto* load = llvm::dyn_cast<llvm::LoadInst>(call.getCalledOperand());
  if (!load) return false;
  llvm::APInt offset(64, 0);
  return load->getPointerOperand()->stripAndAccumulateConstantOffsets(layout, offset, true)->getName() ==
         kContextSymbol;
}

// What an intrinsic function becomes: an instruction, or for copies one for each few bytes.
std::uint64_t cost_of(const llvm::CallBase& call) {
  if (llvm::isa<llvm::DbgInfoIntrinsic>(call) || call.isLifetimeStartOrEnd()) return 0;
  const auto* copy = llvm::dyn_cast<llvm::AnyMemIntrinsic>(&call);
  if (!copy) return 1;
  const auto* length = llvm::dyn_cast<llvm::ConstantInt>(copy->getLength());
  return length ? 1 + length->getZExtValue() / kBytesAnInstruction : kEndless;
}

// Functions by the name they have for the linker; those of internal linkage are their partition's own.
class Names {
 public:
  explicit Names(Program& program) : program_(program) {}

  void next_partition() { own_.clear(); }

  FunctionId id_of(const llvm::Function& function) {
    auto& known = function.hasLocalLinkage() ? own_ : shared_;
    const auto [entry, is_new] =
        known.try_emplace(function.getName().str(), static_cast<FunctionId>(program_.functions.size()));
    if (is_new) program_.functions.emplace_back().name = function.getName().str();
    return entry->second;
  }

 private:
  Program& program_;
  std::map<std::string, FunctionId> own_;
  std::map<std::string, FunctionId> shared_;
};

// Fuel of one function, as it goes through sums of constants to who sees it: safepoints, calls, returns. From one to
// the next in a block, where both see what is counted up from the same value, the difference is charged, which is
// exact. Between blocks nothing is: behind a loop fuel may be known in another way than by the loop's counter.
class Fuel {
 public:
  explicit Fuel(const llvm::Function& function) {
    const auto place = function.getFnAttribute(kFuelAttribute);
    unsigned index = 0;
    if (!place.isStringAttribute() || place.getValueAsString().getAsInteger(10, index)) return;
    found_.insert(function.getArg(index));
    for (const auto& each : llvm::instructions(function)) {
      if (comes_from_elsewhere(each)) found_.insert(&each);
    }
    for (std::size_t i = 0; i < found_.size(); ++i) {
      for (const auto* user : found_[i]->users()) {
        const auto* sum = llvm::dyn_cast<llvm::BinaryOperator>(user);
        const bool adds = sum && sum->getOpcode() == llvm::Instruction::Add;
        if (adds || llvm::isa<llvm::PHINode, llvm::SelectInst, llvm::FreezeInst>(user)) found_.insert(user);
      }
    }
  }

  void begin_block() { seen_.clear(); }

  // What is charged to the stretch that `instruction` stands in.
  std::uint64_t pass(const llvm::Instruction& instruction) {
    if (found_.empty()) return 0;
    std::uint64_t charged = 0;
    const auto* sum = llvm::dyn_cast<llvm::BinaryOperator>(&instruction);
    const auto* amount = sum ? llvm::dyn_cast<llvm::ConstantInt>(sum->getOperand(1)) : nullptr;
    if (amount && found_.contains(sum)) {
      auto place = place_of(*sum->getOperand(0));
      place.second += amount->getSExtValue();
      ahead_[sum] = place;
    } else if (llvm::isa<llvm::FreezeInst>(instruction) && found_.contains(&instruction)) {
      ahead_[&instruction] = place_of(*instruction.getOperand(0));
    } else if (is_safepoint(instruction) ||
               llvm::isa<llvm::CallInst, llvm::InsertValueInst, llvm::ReturnInst>(instruction)) {
      for (const auto& operand : instruction.operands()) {
        if (found_.contains(operand.get())) charged = add(charged, see(*operand));
      }
    }
    return charged;
  }

 private:
  using Place = std::pair<const llvm::Value*, std::int64_t>;

  static bool comes_from_elsewhere(const llvm::Instruction& instruction) {
    if (!instruction.getType()->isIntegerTy(64)) return false;
    if (const auto* part = llvm::dyn_cast<llvm::ExtractValueInst>(&instruction)) {
      const auto* call = llvm::dyn_cast<llvm::CallInst>(part->getAggregateOperand());
      unsigned index = 0;
      return call && !call->getFnAttr(kFuelAttribute).getValueAsString().getAsInteger(10, index) &&
             part->getIndices().back() == index;
    }
    const auto* call = llvm::dyn_cast<llvm::CallInst>(&instruction);  // that returns nothing but fuel
    return call && call->getFnAttr(kFuelAttribute).isStringAttribute();
  }

  Place place_of(const llvm::Value& value) const {
    const auto known = ahead_.find(&value);
    return known == ahead_.end() ? Place{&value, 0} : known->second;
  }

  std::uint64_t see(const llvm::Value& value) {
    const auto [root, ahead] = place_of(value);
    const auto [before, is_new] = seen_.try_emplace(root, ahead);
    if (is_new) return 0;
    const auto more = ahead - std::exchange(before->second, ahead);
    return more > 0 ? static_cast<std::uint64_t>(more) : 0;
  }

  llvm::SmallSetVector<const llvm::Value*, 32> found_;
  llvm::DenseMap<const llvm::Value*, Place> ahead_;        // of which other value, by how much
  llvm::DenseMap<const llvm::Value*, std::int64_t> seen_;  // by that other value
};

// One function: its blocks cut at safepoints and calls, and how often its loops go round.
class FunctionReader {
 public:
  FunctionReader(const llvm::Function& source, Names& names) : source_(source), names_(names), fuel_(source) {}

  Function read() {
    for (const auto& block : source_) {
      first_of_[&block] = static_cast<StretchId>(function_.stretches.size());
      read_block(block);
      ++block_;
    }
    for (const auto& [block, last] : ends_) {
      for (const auto* successor : llvm::successors(block))
        function_.stretches[last].successors.push_back(first_of_.lookup(successor));
    }
    // Where every cycle has a safepoint of its own, nobody asks for loops. LLVM would list the blocks of each, which
    // ten thousand loops in each other make long.
    if (const auto open = on_open_cycles(); !open.empty()) add_loops(open);
    return std::move(function_);
  }

 private:
  void open_stretch() { function_.stretches.emplace_back().block = block_; }

  void close_stretch(Ending ending) {
    auto& stretch = function_.stretches.back();
    stretch.ending = ending;
    stretch.successors.push_back(static_cast<StretchId>(function_.stretches.size()));
    open_stretch();
  }

  void read_block(const llvm::BasicBlock& block) {
    open_stretch();
    fuel_.begin_block();
    for (const auto& instruction : block) {
      auto& stretch = function_.stretches.back();
      stretch.cost.fuel = add(stretch.cost.fuel, fuel_.pass(instruction));
      if (stretch.offset == 0 && instruction.getDebugLoc()) stretch.offset = instruction.getDebugLoc().getLine();
      if (const auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction)) {
        read_call(*call);
        continue;
      }
      const bool is_free = llvm::isa<llvm::AllocaInst>(instruction);  // a place in the frame
      stretch.cost.instructions = add(stretch.cost.instructions, is_free ? 0 : 1);
      if (is_safepoint(instruction)) close_stretch(Ending::safepoint);
    }
    const auto* terminator = block.getTerminator();
    function_.stretches.back().ending = llvm::isa<llvm::ReturnInst>(terminator)        ? Ending::returns
                                        : llvm::isa<llvm::UnreachableInst>(terminator) ? Ending::stops
                                                                                       : Ending::flows;
    ends_.push_back({&block, static_cast<StretchId>(function_.stretches.size() - 1)});
  }

  void read_call(const llvm::CallBase& call) {
    auto& cost = function_.stretches.back().cost;
    const auto* callee = call.getCalledFunction();
    cost.instructions = add(cost.instructions, cost_of(call));
    if (call.isInlineAsm() || (callee && callee->isIntrinsic())) return;
    if (leaves_instance(call, source_.getParent()->getDataLayout())) {
      ++cost.calls_out;
      return;
    }
    function_.stretches.back().callee = callee ? names_.id_of(*callee) : kNone;
    close_stretch(Ending::calls);
  }

  // What lies on a cycle without a safepoint of its own, whatever the callees do.
  llvm::DenseSet<StretchId> on_open_cycles() const {
    std::vector<StretchId> all(function_.stretches.size());
    std::iota(all.begin(), all.end(), StretchId{0});
    ComponentScratch scratch(all.size());
    const auto successors = [this](StretchId at) {
      const auto& stretch = function_.stretches[at];
      return stretch.ending == Ending::safepoint ? std::vector<StretchId>() : stretch.successors;
    };
    llvm::DenseSet<StretchId> found;
    for (const auto& component : components(all, successors, scratch)) {
      const auto next = successors(component.front());
      const bool is_cycle =
          component.size() > 1 || std::find(next.begin(), next.end(), component.front()) != next.end();
      if (is_cycle) found.insert(component.begin(), component.end());
    }
    return found;
  }

  // Nothing in these programs is poison where it is used, so a freeze is what it freezes. It stands there to stop
  // passes, and would stop the count of rounds.
  static void see_through_freezes(llvm::Function& function) {
    for (auto& instruction : llvm::instructions(function)) {
      if (auto* freeze = llvm::dyn_cast<llvm::FreezeInst>(&instruction))
        freeze->replaceAllUsesWith(freeze->getOperand(0));
    }
  }

  void add_loops(const llvm::DenseSet<StretchId>& open) {
    auto& source = const_cast<llvm::Function&>(source_);
    see_through_freezes(source);
    llvm::DominatorTree dominators(source);
    const llvm::LoopInfo loops(dominators);
    llvm::TargetLibraryInfoImpl library{llvm::Triple(source_.getParent()->getTargetTriple())};
    library.disableAllFunctions();
    llvm::TargetLibraryInfo library_info(library);
    llvm::AssumptionCache assumptions(source);
    llvm::ScalarEvolution evolution(source, library_info, assumptions, dominators, const_cast<llvm::LoopInfo&>(loops));
    llvm::DenseMap<const llvm::Loop*, LoopId> ids;
    for (const auto* loop : loops.getLoopsInPreorder()) {
      ids[loop] = static_cast<LoopId>(function_.loops.size());
      Loop added;
      added.depth = loop->getLoopDepth();
      added.header = first_of_.lookup(loop->getHeader());
      if (const auto* parent = loop->getParentLoop()) added.parent = ids.lookup(parent);
      if (open.contains(added.header)) {
        const auto* most = llvm::dyn_cast<llvm::SCEVConstant>(evolution.getConstantMaxBackedgeTakenCount(loop));
        if (most) added.rounds = add(most->getAPInt().getLimitedValue(kEndless), 1);
      }
      function_.loops.push_back(added);
    }
    for (const auto& [block, last] : ends_) {
      const auto* loop = loops.getLoopFor(block);
      if (!loop) continue;
      for (auto stretch = first_of_.lookup(block); stretch <= last; ++stretch)
        function_.stretches[stretch].loop = ids.lookup(loop);
    }
  }

  const llvm::Function& source_;
  Names& names_;
  Fuel fuel_;
  Function function_;
  std::uint32_t block_ = 0;
  llvm::DenseMap<const llvm::BasicBlock*, StretchId> first_of_;
  std::vector<std::pair<const llvm::BasicBlock*, StretchId>> ends_;  // each block's last stretch
};

// Other partitions may have taken the address of a function that this one defines, or the other way round.
void read_module(const llvm::Module& module, Names& names, Program& program) {
  names.next_partition();
  for (const auto& function : module) {
    if (function.isIntrinsic()) continue;
    const auto id = names.id_of(function);
    // The code generator makes calls of what every image may call.
    const bool is_open =
        function.hasAddressTaken() || (function.hasExternalLinkage() && function.hasDefaultVisibility());
    program.functions[id].is_open |= is_open && !function.isDeclaration();
    program.functions[id].is_open |= function.hasAddressTaken();
    if (function.isDeclaration() || function.hasAvailableExternallyLinkage()) continue;
    auto read = FunctionReader(function, names).read();
    auto& known = program.functions[id];
    known.is_defined = true;
    known.stretches = std::move(read.stretches);
    known.loops = std::move(read.loops);
  }
}

}  // namespace

Expected<Program> read_program(std::string_view text) {
  Program program;
  Names names(program);
  for (const auto part : split(text)) {
    llvm::LLVMContext context;
    auto module = parse(part, context);
    if (!module) return fail(module.error());
    read_module(**module, names, program);
  }
  return program;
}

Expected<std::size_t> count_vectorised_loops(std::string_view text) {
  std::size_t count = 0;
  for (const auto part : split(text)) {
    llvm::LLVMContext context;
    auto module = parse(part, context);
    if (!module) return fail(module.error());
    for (auto& function : **module) {
      if (function.isDeclaration()) continue;
      llvm::DominatorTree dominators(function);
      llvm::LoopInfo loops(dominators);
      for (const auto* loop : loops.getLoopsInPreorder()) {
        // What is left of the loop for the last rounds has the mark, too, but not the name.
        const bool is_marked = llvm::getBooleanLoopAttribute(loop, "llvm.loop.isvectorized");
        count += is_marked && loop->getHeader()->getName().starts_with("vector.body");
      }
    }
  }
  return count;
}

}  // namespace slack::bounds

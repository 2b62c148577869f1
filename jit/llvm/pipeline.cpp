// The pass pipeline.
#include "jit/llvm/pipeline.hpp"

#include <llvm/Analysis/InlineCost.h>
#include <llvm/Analysis/TargetLibraryInfo.h>
#include <llvm/CodeGen/MachineModuleInfo.h>
#include <llvm/CodeGen/Passes.h>
#include <llvm/CodeGen/TargetPassConfig.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Support/ErrorHandling.h>
#include <llvm/Transforms/IPO/ElimAvailExtern.h>
#include <llvm/Transforms/IPO/FunctionAttrs.h>
#include <llvm/Transforms/IPO/GlobalDCE.h>
#include <llvm/Transforms/IPO/Inliner.h>
#include <llvm/Transforms/Scalar/GVN.h>

#include "jit/llvm/environment.hpp"
#include "jit/llvm/fuel_hiding.hpp"
#include "jit/llvm/fuel_placing.hpp"
#include "jit/llvm/latency_bound.hpp"
#include "jit/llvm/load_anchor.hpp"
#include "jit/llvm/phi_order.hpp"
#include "jit/llvm/preserved.hpp"
#include "jit/llvm/quiet_nan.hpp"
#include "jit/llvm/round_mark.hpp"
#include "jit/llvm/round_pairs.hpp"
#include "jit/llvm/safepoint_lowering.hpp"
#include "jit/llvm/scattered_stores.hpp"
#include "jit/llvm/strip_mining.hpp"

namespace slack::jit {

namespace {

// GVN's search for the value a load would have goes, at every step through a phi, over all uses of the base pointer in
// the module (PHITransAddr::translateSubExpr): quadratic here, where every access has the same base. Above this many
// accesses it finds redundant expressions only; redundant loads are then left to EarlyCSE. With it on, sqlite3 (120,000
// accesses) took a third of its compile time there.
constexpr unsigned kMostAccessesForLoadElimination = 10'000;

// LLVM's passes read these as global options only.
void set_option(llvm::StringRef name, bool value) {
  auto& options = llvm::cl::getRegisteredOptions();
  const auto found = options.find(name);
  if (found == options.end()) llvm::report_fatal_error("LLVM has no option " + name);
  static_cast<llvm::cl::opt<bool>*>(found->second)->setValue(value);
}

bool has_few_accesses(const llvm::Module& module) {
  const auto* memory = module.getNamedGlobal(kMemorySymbol);
  return !memory || !memory->hasNUsesOrMore(kMostAccessesForLoadElimination);
}

// In LLVM's notation of pass pipelines. It is default<O2> without what finds nothing here: a module is the output of an
// optimising compiler, which has promoted memory, propagated constants between functions and dropped dead arguments,
// and there are no library calls. Code of the same size in two thirds of the time.
//
// Before inlining, so that it judges functions by what is left of them.
constexpr char kCleanUp[] =
    "function<eager-inv>(simplifycfg,early-cse<memssa>,instcombine<no-verify-fixpoint>,"
    "simplifycfg<switch-range-to-icmp>)";
// Callees before callers: after inlining, simplifies what it has got.
constexpr char kSimplifyFirst[] = "early-cse<memssa>";
constexpr char kSimplifyLoops[] =
    "jump-threading,simplifycfg<switch-range-to-icmp>,instcombine<no-verify-fixpoint>,reassociate,"
    "loop-mssa(loop-instsimplify,loop-simplifycfg,licm<no-allowspeculation>,loop-rotate,licm<allowspeculation>,"
    "simple-loop-unswitch<trivial>),"
    "simplifycfg<switch-range-to-icmp>,instcombine<no-verify-fixpoint>";
constexpr char kSimplifyInductions[] = "loop(indvars,loop-deletion,loop-unroll-full)";
constexpr char kSimplifyLast[] =
    "bdce,dse,"
    "simplifycfg<switch-range-to-icmp;hoist-common-insts;sink-common-insts>,instcombine<no-verify-fixpoint>";
// A third of LLVM's own threshold: the compiler that made the module has inlined once already. sqlite3 became 14 %
// smaller than with 225 and compiled in 6/7 of the time.
constexpr int kInlineThreshold = 75;
constexpr int kEagerInlineThreshold = 225;  // LLVM's own
// What the inliner takes counting in a small function to cost, besides calls and safepoints, which say it themselves:
// with this much more, the same functions are inlined in all modes but for a few in a hundred.
constexpr int kFuelAllowance = 10;
constexpr char kRotate[] = "dse,loop(loop-rotate,loop-deletion)";
constexpr char kVectorise[] =
    "loop-vectorize,round-folding,infer-alignment,loop-load-elim,"
    "simplifycfg<forward-switch-cond;switch-range-to-icmp;switch-to-lookup;no-keep-loops;hoist-common-insts;"
    "sink-common-insts>,"
    "phi-order,slp-vectorizer-unless-latency-bound,vector-combine,loop-unroll<O2>,";
constexpr char kFinish[] =
    "instcombine<no-verify-fixpoint>,"
    "loop-mssa(licm<allowspeculation>),instsimplify,div-rem-pairs,simplifycfg<speculate-unpredictables>";

// A step of ours as a pass. It leaves the control-flow graph alone.
template <auto run_step>
struct FunctionStep : llvm::PassInfoMixin<FunctionStep<run_step>> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager&) {
    return preserved(run_step(function));
  }
};

// The same of a step that looks at the loops.
template <auto run_step>
struct LoopStep : llvm::PassInfoMixin<LoopStep<run_step>> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses) {
    return preserved(run_step(function, analyses.getResult<llvm::LoopAnalysis>(function)));
  }
};

// Steps of ours that stand in the midst of LLVM's passes, by the names they have there.
bool add_step(llvm::StringRef name, llvm::FunctionPassManager& passes, const llvm::TargetMachine& target) {
  if (name == "phi-order") {
    passes.addPass(PhiOrdering());
  } else if (name == "round-folding") {
    passes.addPass(RoundFolding());
  } else if (name == "slp-vectorizer-unless-latency-bound") {
    passes.addPass(SlpVectorising(target.getMCSubtargetInfo()->getSchedModel().IssueWidth));
  } else {
    return false;
  }
  return true;
}

void require(llvm::Error error) {
  if (error) llvm::report_fatal_error(std::move(error));
}

std::string late_passes(const CompileOptions& options) {
  auto without = options.without;
  if (options.optimise < 2) without.insert(without.end(), {"loop-vectorize", "slp-vectorizer", "loop-unroll"});
  std::string passes = kVectorise;
  for (const auto& name : without) {
    const auto begin = passes.find(name);
    if (begin != std::string::npos) passes.erase(begin, passes.find(',', begin) + 1 - begin);
  }
  const std::string unroll = "loop-unroll<O2>";
  const auto at = passes.find(unroll);
  if (options.optimise > 2 && at != std::string::npos) passes.replace(at, unroll.size(), "loop-unroll<O3>");
  passes.pop_back();  // the last comma
  return passes;
}

}  // namespace

void set_options() {
  // A counter of 32 bits that runs up to 2^32 becomes, made wider, one whose end is hidden behind a mask, and its loop
  // one whose rounds cannot be counted: not vectorised. Left as they are, a stencil and sums over arrays of the
  // benchmark took a fifth to a fourteenth of the time.
  set_option("indvars-widen-indvars", false);
  // It moves loads into branches. Arithmetic is moved there by the code generator.
  set_option("instcombine-code-sinking", false);
  set_option("disable-x86-domain-reassignment", true);
  set_option("combiner-reduce-load-op-store-width", false);   // the whole access may trap where a part would not
  set_option("x86-cmov-converter-force-mem-operand", false);  // it makes a branch of a select, around the load
}

void optimise(llvm::Module& module, llvm::TargetMachine& target, const CompileOptions& options) {
  const auto metering = options.metering;
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = true;
  tuning.LoopInterleaving = true;
  tuning.SLPVectorization = true;
  llvm::PassBuilder builder(&target, tuning);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  // No library function exists: a loop that looks like memset stays a loop, which is metered.
  llvm::TargetLibraryInfoImpl library(target.getTargetTriple());
  library.disableAllFunctions();
  functions.registerPass([&] { return llvm::TargetLibraryAnalysis(library); });
  builder.registerPipelineParsingCallback(
      [&](llvm::StringRef name, llvm::FunctionPassManager& to, llvm::ArrayRef<llvm::PassBuilder::PipelineElement>) {
        return add_step(name, to, target);
      });
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);

  llvm::FunctionPassManager simplify;
  llvm::FunctionPassManager settle;
  llvm::ModulePassManager clean_up;
  llvm::FunctionPassManager vectorise;
  require(builder.parsePassPipeline(clean_up, kCleanUp));
  require(builder.parsePassPipeline(simplify, kSimplifyFirst));
  simplify.addPass(FunctionStep<prune_anchors>());
  require(builder.parsePassPipeline(simplify, kSimplifyLoops));
  if (counts_fuel(metering)) simplify.addPass(LoopStep<hide_fuel>());
  require(builder.parsePassPipeline(simplify, kSimplifyInductions));
  if (counts_fuel(metering)) simplify.addPass(FunctionStep<show_fuel>());
  simplify.addPass(llvm::GVNPass(llvm::GVNOptions().setMemDep(has_few_accesses(module))));
  require(builder.parsePassPipeline(simplify, kSimplifyLast));
  // What folds and what is never reached must be gone before it is settled which loads are needed: a load that only
  // such code needs would go with it.
  settle.addPass(FunctionStep<settle_quiet_nans>());
  require(builder.parsePassPipeline(settle, "simplifycfg,instcombine<no-verify-fixpoint>,simplifycfg"));
  settle.addPass(LoopStep<settle_loads>());
  require(builder.parsePassPipeline(vectorise, kRotate));
  if (counts_fuel(metering)) vectorise.addPass(FuelLifting());
  vectorise.addPass(ScatteredStores());
  if (metering != Metering::none) vectorise.addPass(RoundPairing());
  require(builder.parsePassPipeline(vectorise, late_passes(options)));
  if (counts_fuel(metering)) vectorise.addPass(FuelRestoring());
  vectorise.addPass(FunctionStep<merge_safepoints>());
  if (metering != Metering::none) vectorise.addPass(PairPolling());
  require(builder.parsePassPipeline(vectorise, kFinish));
  if (counts_fuel(metering)) vectorise.addPass(StripMining());
  llvm::ModuleInlinerWrapperPass inliner(
      llvm::getInlineParams((options.optimise > 2 ? kEagerInlineThreshold : kInlineThreshold) +
                            (metering == Metering::none ? 0 : kFuelAllowance)));
  inliner.getPM().addPass(llvm::createCGSCCToFunctionPassAdaptor(std::move(simplify), true, true));
  inliner.getPM().addPass(llvm::PostOrderFunctionAttrsPass());
  llvm::ModulePassManager passes;
  passes.addPass(std::move(clean_up));
  passes.addPass(std::move(inliner));
  passes.addPass(llvm::EliminateAvailableExternallyPass());
  passes.addPass(llvm::GlobalDCEPass());
  passes.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(settle)));
  passes.run(module, modules);
  if (metering == Metering::counted) drop_safepoints(module);
  soften_safepoints(module);
  vectorise.addPass(FunctionStep<hold_loads_in_place>());
  if (counts_fuel(metering)) vectorise.addPass(FuelPlacing());
  llvm::ModulePassManager late;
  late.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(vectorise), true));
  late.run(module, modules);
}

void leave_as_it_is(llvm::Module& module, Metering metering) {
  for (auto& function : module) settle_quiet_nans(function);
  if (metering == Metering::counted) drop_safepoints(module);
  soften_safepoints(module);
}

// As TargetMachine::addPassesToEmitFile does it, but for some passes. LiveDebugValues follows the places of source
// variables, of which there are none, and took a fifteenth of the time. Domain reassignment looks for mask code of
// AVX-512, of which there is none. Shrink-wrapping would move the frame's set-up behind safepoints, where a backtrace
// then missed the caller.
Expected<llvm::SmallVector<char, 0>> generate(llvm::Module& module, llvm::TargetMachine& target,
                                              llvm::CodeGenFileType type) {
  llvm::SmallVector<char, 0> output;
  llvm::raw_svector_ostream stream(output);
  llvm::legacy::PassManager passes;
  llvm::TargetLibraryInfoImpl library(target.getTargetTriple());
  library.disableAllFunctions();
  passes.add(new llvm::TargetLibraryInfoWrapperPass(library));
  auto& machine = static_cast<llvm::LLVMTargetMachine&>(target);
  auto* machine_module = new llvm::MachineModuleInfoWrapperPass(&machine);
  auto* config = machine.createPassConfig(passes);
  config->setDisableVerify(true);
  config->disablePass(&llvm::LiveDebugValuesID);
  config->disablePass(&llvm::ShrinkWrapID);
  config->setEnableTailMerge(false);  // it takes two safepoints for one, of which only one's record is left
  passes.add(config);
  passes.add(machine_module);
  if (config->addISelPasses()) return fail(Fault{ENOTSUP, "LLVM cannot select instructions for this target"});
  config->addMachinePasses();
  config->setInitialized();
  if (machine.addAsmPrinter(passes, stream, nullptr, type, machine_module->getMMI().getContext())) {
    return fail(Fault{ENOTSUP, "LLVM cannot emit this kind of file"});
  }
  passes.add(llvm::createFreeMachineFunctionPass());
  passes.run(module);
  return output;
}

}  // namespace slack::jit

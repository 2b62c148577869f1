// The pass pipeline.
#include "jit/llvm/pipeline.hpp"

#include <llvm/Analysis/TargetLibraryInfo.h>
#include <llvm/CodeGen/MachineModuleInfo.h>
#include <llvm/CodeGen/Passes.h>
#include <llvm/CodeGen/TargetPassConfig.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Support/ErrorHandling.h>

#include "jit/llvm/environment.hpp"

namespace slack::jit {

namespace {

// GVN's search for the value a load would have goes, at every step through a phi, over all uses of the base pointer in
// the module (PHITransAddr::translateSubExpr): quadratic here, where every access has the same base. Above this many
// accesses it finds redundant expressions only; redundant loads are then left to EarlyCSE. With it on, sqlite3 (120,000
// accesses) took a third of its compile time there.
constexpr unsigned kMostAccessesForLoadElimination = 10'000;

void set_load_elimination(bool enabled) {
  auto& options = llvm::cl::getRegisteredOptions();
  const auto found = options.find("enable-gvn-memdep");
  if (found != options.end()) static_cast<llvm::cl::opt<bool>*>(found->second)->setValue(enabled);
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
// Callees before callers: inlines, then simplifies what it has got.
constexpr char kInlineAndSimplify[] =
    "cgscc(inline,function<eager-inv;no-rerun>("
    "early-cse<memssa>,jump-threading,simplifycfg<switch-range-to-icmp>,instcombine<no-verify-fixpoint>,reassociate,"
    "loop-mssa(loop-instsimplify,loop-simplifycfg,licm<no-allowspeculation>,loop-rotate,licm<allowspeculation>,"
    "simple-loop-unswitch<trivial>),"
    "simplifycfg<switch-range-to-icmp>,instcombine<no-verify-fixpoint>,"
    "loop(indvars,loop-deletion,loop-unroll-full),"
    "gvn,bdce,dse,"
    "simplifycfg<switch-range-to-icmp;hoist-common-insts;sink-common-insts>,instcombine<no-verify-fixpoint>),"
    "function-attrs),globaldce";
constexpr char kVectorise[] =
    "function<eager-inv>(loop(loop-rotate,loop-deletion),loop-vectorize,infer-alignment,loop-load-elim,"
    "simplifycfg<forward-switch-cond;switch-range-to-icmp;switch-to-lookup;no-keep-loops;hoist-common-insts;"
    "sink-common-insts>,"
    "slp-vectorizer,vector-combine,loop-unroll<O2>,instcombine<no-verify-fixpoint>,"
    "loop-mssa(licm<allowspeculation>),instsimplify,div-rem-pairs,simplifycfg<speculate-unpredictables>)";

}  // namespace

void optimise(llvm::Module& module, llvm::TargetMachine& target) {
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
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);

  set_load_elimination(has_few_accesses(module));
  llvm::ModulePassManager passes;
  for (const auto* part : {kCleanUp, kInlineAndSimplify, kVectorise}) {
    if (auto error = builder.parsePassPipeline(passes, part)) llvm::report_fatal_error(std::move(error));
  }
  passes.run(module, modules);
}

// As TargetMachine::addPassesToEmitFile does it, but without following the places of source variables, of which there
// are none: that alone took a fifteenth of the time.
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

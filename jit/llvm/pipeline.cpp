// The pass pipeline.
#include "jit/llvm/pipeline.hpp"

#include <llvm/Analysis/TargetLibraryInfo.h>
#include <llvm/CodeGen/MachineModuleInfo.h>
#include <llvm/CodeGen/Passes.h>
#include <llvm/CodeGen/TargetPassConfig.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>

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

// What comes before inlining, so that it judges functions by what is left of them. A module is the output of an
// optimising compiler: passes between functions that such a one has run are left out.
llvm::FunctionPassManager first_clean_up() {
  llvm::FunctionPassManager passes;
  passes.addPass(llvm::SimplifyCFGPass());
  passes.addPass(llvm::EarlyCSEPass());
  passes.addPass(llvm::InstCombinePass());
  passes.addPass(llvm::SimplifyCFGPass(llvm::SimplifyCFGOptions().convertSwitchRangeToICmp(true)));
  return passes;
}

}  // namespace

void optimise(llvm::Module& module, llvm::TargetMachine& target) {
  const auto level = llvm::OptimizationLevel::O2;
  const auto phase = llvm::ThinOrFullLTOPhase::None;
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
  passes.addPass(llvm::createModuleToFunctionPassAdaptor(first_clean_up()));
  passes.addPass(builder.buildInlinerPipeline(level, phase));
  passes.addPass(builder.buildModuleOptimizationPipeline(level, phase));
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

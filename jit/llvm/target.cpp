// The processor that code is generated for.
#include "jit/llvm/target.hpp"

#include <algorithm>
#include <mutex>
#include <vector>

#include <fmt/format.h>

#include <llvm/ADT/StringMap.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/xxhash.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/TargetParser/SubtargetFeature.h>

namespace slack::jit {

namespace {

constexpr char kTriple[] = "x86_64-unknown-linux-gnu";
// Rounding without libm, and bit counting: the least of level x86-64-v2 that the lowering relies on.
constexpr char kRequired[] = "+sse4.1,+popcnt";
// AMD's gather is microcode on every Zen, some five operations an element (uops.info); LLVM 19 takes it for fast on all
// processors with AVX-512. Without it `matrix` of tests/bench took 0.73 of the time on Zen 5, and none of 17 other
// programs longer beyond noise; but blake3-scalar twice, were it not for latency_bound.hpp.
constexpr char kZenPrefix[] = "znver";
constexpr char kNoGather[] = "+prefer-no-gather";

void initialise_once() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86Disassembler();
  });
}

std::string host_features() {
  std::vector<std::string> features;
  for (const auto& feature : llvm::sys::getHostCPUFeatures()) {
    features.push_back((feature.second ? "+" : "-") + feature.first().str());
  }
  std::sort(features.begin(), features.end());
  std::string joined;
  for (const auto& feature : features) joined += (joined.empty() ? "" : ",") + feature;
  return joined;
}

}  // namespace

std::string describe_host() {
  return fmt::format("{} with features {:016x}", llvm::sys::getHostCPUName().str(), llvm::xxh3_64bits(host_features()));
}

Expected<std::unique_ptr<llvm::TargetMachine>> make_target(const std::string& cpu) {
  initialise_once();
  std::string error;
  const auto* target = llvm::TargetRegistry::lookupTarget(kTriple, error);
  if (!target) return fail(Fault{ENOTSUP, "LLVM has no target " + std::string(kTriple) + ": " + error});
  const std::string name = cpu.empty() ? llvm::sys::getHostCPUName().str() : cpu;
  std::unique_ptr<llvm::MCSubtargetInfo> known(target->createMCSubtargetInfo(kTriple, "", ""));
  if (!known->isCPUStringValid(name)) return fail(Fault{EINVAL, "LLVM knows no processor \"" + name + "\""});
  auto features = cpu.empty() ? host_features() : std::string();
  if (llvm::StringRef(name).starts_with(kZenPrefix)) features += (features.empty() ? "" : ",") + std::string(kNoGather);
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;  // a fused multiplication and addition rounds once, not twice
  options.TrapUnreachable = true;  // a trap service that returned must not run into the code behind the call
  std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
      kTriple, name, features, options, llvm::Reloc::Static, llvm::CodeModel::Small, llvm::CodeGenOptLevel::Default));
  if (!machine->getMCSubtargetInfo()->checkFeatures(kRequired)) {
    return fail(Fault{ENOTSUP, "processor \"" + name + "\" lacks SSE4.1 or POPCNT, which generated code uses"});
  }
  return machine;
}

}  // namespace slack::jit

// The processor that code is generated for.
#pragma once

#include <memory>
#include <string>

#include <llvm/Target/TargetMachine.h>

#include "daemon/base/fault.hpp"

namespace slack::jit {

// `cpu` is LLVM's name of one, or empty: this machine's, with the features it reports. The same answer for the same
// processor. A fault with ENOTSUP where it lacks what generated code always uses.
[[nodiscard]] Expected<std::unique_ptr<llvm::TargetMachine>> make_target(const std::string& cpu);

// This machine's processor: two that are described alike run each other's code.
[[nodiscard]] std::string describe_host();

}  // namespace slack::jit

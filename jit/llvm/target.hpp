// The processor that code is generated for.
#pragma once

#include <memory>

#include <llvm/Target/TargetMachine.h>

#include "daemon/base/fault.hpp"

namespace slack::jit {

// `cpu` is LLVM's name of one, or empty: this machine's, with the features it reports. The same answer for the same
// processor. A fault with ENOTSUP where it lacks what generated code always uses.
[[nodiscard]] Expected<std::unique_ptr<llvm::TargetMachine>> make_target(const std::string& cpu);

}  // namespace slack::jit

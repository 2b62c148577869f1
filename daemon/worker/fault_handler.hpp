// The fault handler: turns faults of generated code into traps, and lets every other fault kill the worker.
#pragma once

#include <cstdint>

#include "daemon/base/fault.hpp"

namespace slack::worker {

// Installs the handler for SIGSEGV and SIGBUS on the alternate signal stack.
[[nodiscard]] Expected<void> install_fault_handler();

// The call site in generated code of the memory function of libc that is running on its behalf, or 0: its faults in
// linear memory are the module's.
extern volatile std::uint64_t copy_call_site;

}  // namespace slack::worker

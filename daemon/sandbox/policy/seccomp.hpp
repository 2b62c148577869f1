// The seccomp filters of every sandboxed process, from policy data (allowed calls with reasons, by role).
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "daemon/base/fault.hpp"

namespace slack::sandbox {

enum class Role : std::uint8_t {
  worker_setup,  // first filter of a worker: before the image is received
  worker_run,    // second: before the module's first instruction; forbids PROT_EXEC and every new mapping
  compiler,      // before the module is read
};

// One argument comparison: argument `index`, masked, equals `value` (0 mask: no condition).
struct ArgumentRule {
  std::uint8_t index = 0;
  std::uint64_t mask = 0;
  std::uint64_t value = 0;
};
struct AllowedCall {
  std::string_view name;    // as libseccomp names it
  std::string_view reason;  // why this role needs it
  ArgumentRule rule = {};
};

// The calls a role may make; any other kills the process.
[[nodiscard]] const std::vector<AllowedCall>& policy_of(Role role);

// The filter as a program, ready to load. Costs a fraction of a millisecond: call it in the zygote, once.
using FilterProgram = std::vector<sock_filter>;
[[nodiscard]] Expected<FilterProgram> compile_filter(Role role);
// Puts it in force for all threads of this process, without undo. Needs no_new_privs.
[[nodiscard]] Expected<void> load_filter(const FilterProgram& program);

}  // namespace slack::sandbox

// slackd's side of a session: compiled, and run on the worker's own runtime.
#pragma once

#include "tests/reference/session.hpp"
#include "tests/reference/tracer.hpp"

namespace slack::reference {

struct Generated {
  std::string refused;  // by the compiler or the worker, with the reason; empty: not at all
  std::string fault;    // ours; empty: none
  std::vector<SessionOutcome> sessions;
};

// Compiles the module once, in a process of its own, and forks that for each session. `tracer`: what to note of it, or
// null.
[[nodiscard]] Generated generate(const Request& request, Tracer* tracer);

}  // namespace slack::reference

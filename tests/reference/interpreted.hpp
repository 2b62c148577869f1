// The reference's side of a session.
#pragma once

#include "tests/reference/session.hpp"
#include "tests/reference/watch.hpp"

namespace slack::reference {

// Runs a session in an instance of its own, up to the first call that is not finished. `sights`: what generated code
// published at the start and in each call; `missed` gets the first of them that the program does not pass, with its
// place among start and calls.
struct Missed {
  std::size_t call = 0;  // 0: the start
  Sight sight;
};
[[nodiscard]] SessionOutcome interpret(const Request& request, const Session& session,
                                       std::span<const std::span<const Sight>> sights, std::optional<Missed>& missed);

}  // namespace slack::reference

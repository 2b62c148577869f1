// Holds generated code against the reference: every rule of what must be equal, and what may differ and how far.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/reference/session.hpp"
#include "tests/reference/watch.hpp"

namespace slack::reference {

// What was looked at, for the reader of a summary.
struct Totals {
  std::uint64_t calls = 0;
  std::uint64_t operators = 0;        // fuel of all calls
  std::uint64_t sights = 0;           // publications that were found to be right
  std::uint64_t cut = 0;              // calls that published too often to be stopped each time
  std::uint64_t signals = 0;          // traps that came by signal: their fuel is the last published figure
  std::uint64_t longest_lag = 0;      // of those, behind the exact figure
  std::uint64_t longest_stretch = 0;  // fuel from one publication of generated code to the next
  std::map<std::string, std::uint64_t> traps;
};

// What metering promises of a figure.
struct Promises {
  bool counts = true;     // fuel is exact where the call ends
  bool publishes = true;  // and published at safepoints
};
[[nodiscard]] Promises promises_of(Metering metering);

// What is wrong with a call, or empty. `sights`: all that were noted of it, found to be passed by the program.
[[nodiscard]] std::string compare_call(const Outcome& ours, const Outcome& reference, std::span<const Sight> sights,
                                       Promises promises, Totals& totals);
// What is wrong with the state that a session leaves, or empty.
[[nodiscard]] std::string compare_state(const nlohmann::json& ours, const nlohmann::json& reference);

[[nodiscard]] std::string describe(const Sight& sight);

}  // namespace slack::reference

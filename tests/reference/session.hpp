// What one session of calls came to: the same words for both sides, so that they can be held against each other.
//
// A session is an instance of its own, its calls in order, and what the module's exports hold in the end.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/wire/run_options.hpp"
#include "tests/reference/operands.hpp"

namespace slack::reference {

struct Call {
  std::string function;  // exported
  std::vector<Value> arguments;
};
using Session = std::vector<Call>;

struct Request {
  std::string module;  // path
  std::string other;   // path of a module that it imports from, as `other`; empty: none
  Metering metering = Metering::slacked;
  bool canonical_nans = false;
  std::uint64_t fuel_limit = ~std::uint64_t{0};  // mode `checked`
  std::uint64_t most_fuel = 0;                   // the reference gives a call up that consumes more
  // Calls that the reference gives up are made all the same: they exhaust the stack.
  bool exhausts = false;
  bool only_generated = false;  // nothing is compared: the fuel is asked for
  bool tells = false;           // the fuel of each session's start and calls
  // Only asks the reference whether the first call passes a safepoint with each of these figures, in rising order.
  std::vector<std::uint64_t> parks;
  std::vector<Session> sessions;
};
// {"module": PATH, "other": PATH, "metering": NAME, "canonical_nans": BOOL, "fuel_limit": N, "most_fuel": N,
// "exhausts": BOOL, "only_generated": BOOL, "tells": BOOL, "parks": [N…],
// "sessions": [[{"export": NAME, "args": [[LOW, HIGH]…]}…]…]};
// what has a default may be absent.
[[nodiscard]] Request parse_request(const nlohmann::json& request);
[[nodiscard]] std::vector<std::uint8_t> read_file(const std::string& path);

// How the start or a call ended.
struct Outcome {
  std::string trap;  // empty: it returned
  bool unfinished = false;
  std::uint64_t fuel = 0;
  std::vector<nlohmann::json> values;  // bits; a reference only as null or not
  // Of generated code only:
  std::uint64_t published = 0;
  bool by_signal = false;  // no operator told of the trap
  std::uint32_t slot = 0;  // else which one did
  std::uint32_t function = 0;
  std::uint32_t offset = 0;
  std::size_t first_sight = 0;
  std::size_t sights = 0;
  bool has_all_sights = true;
};
struct SessionOutcome {
  std::string died;  // by what; empty: it did not
  Outcome start;
  std::vector<Outcome> calls;
  nlohmann::json state;  // of all exports, by kind and name
};

// 64-bit FNV-1a: memories and tables are compared by it.
[[nodiscard]] std::uint64_t digest(std::span<const std::uint8_t> bytes);

}  // namespace slack::reference

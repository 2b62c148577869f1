// Invocation: the exported function that a run calls, with its arguments, and how its results are shown.
#pragma once

#include <string>
#include <vector>

#include "daemon/wire/brief.hpp"
#include "daemon/worker/process.hpp"
#include "daemon/worker/stop.hpp"

namespace slack::worker {

// Calls an instance's thunk; true if it returned, else the report is in `process`. On return the instance is the
// current one and the fuel in its context is exact.
[[nodiscard]] bool call(Instance& instance, std::uint64_t thunk, services::Value* values);
// Calls its start function, if it has one.
[[nodiscard]] bool call_start(Instance& instance);
// Calls the _initialize of a reactor, if it is one.
[[nodiscard]] bool call_initialize(Instance& instance);

class Invocation {
 public:
  // Finds the function that the brief names and reads its arguments. Refused: no such function, wrong arguments.
  [[nodiscard]] static Prepared<Invocation> prepare(Instance& instance, const wire::Brief& brief);

  // Start function, _initialize of a reactor, the function itself; true if all of them returned, else the report is
  // in `process`.
  [[nodiscard]] bool run();
  // One result a line to standard output.
  void print_results();

 private:
  explicit Invocation(Instance& instance) : instance_(&instance) {}

  Instance* instance_;
  bool initializes_ = false;
  std::uint64_t thunk_ = 0;
  std::vector<services::Value> values_;
  std::span<const image::ValueType> results_;
};

}  // namespace slack::worker

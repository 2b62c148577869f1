// Invocation: the exported function that a run calls, with its arguments, and how its results are shown.
#pragma once

#include <string>
#include <vector>

#include "daemon/wire/brief.hpp"
#include "daemon/worker/process.hpp"
#include "daemon/worker/stop.hpp"

namespace slack::worker {

class Invocation {
 public:
  // Finds the function that the brief names and reads its arguments. Refused: no such function, wrong arguments.
  [[nodiscard]] static Prepared<Invocation> prepare(const wire::Brief& brief);

  // Start function, _initialize of a reactor, the function itself; true if all of them returned, else the report is
  // in `process`. On return context->fuel is exact.
  [[nodiscard]] bool run();
  // One result a line to standard output.
  void print_results();

 private:
  [[nodiscard]] bool call(std::uint64_t thunk, services::Value* values);

  std::uint64_t initialize_ = 0;  // thunk, 0 if there is none
  std::uint64_t thunk_ = 0;
  std::vector<services::Value> values_;
  std::span<const image::ValueType> results_;
};

}  // namespace slack::worker

// The proof that no path of a program between two safepoints is long, or what it fails by.
//
// A run goes on without a safepoint for ever only in one of three ways: round a cycle of one function's blocks, ever
// deeper into calls, or ever further back out of them. The first is looked for in each function, where a call stands
// for the longest way through its callee that has no safepoint. The second would be a cycle of the graph in which a
// function leads to what it calls before its first safepoint. The third ends with the stack: what is held is the cost
// of a frame.
//
// A call through a pointer may reach every function whose address is taken, so that no way from such a function leads
// to a call through a pointer without a safepoint. Calls out of the instance are counted, and held apart. What they
// reach has safepoints of its own (the worker's bulk work, in chunks) or was there before this instance was: another
// one, proven as this one is, which calls back through a pointer, and so not without a safepoint.
#pragma once

#include <string>
#include <vector>

#include "tests/bounds/program.hpp"

namespace slack::bounds {

struct Limits {
  Cost path;                // between two safepoints
  std::uint64_t frame = 0;  // instructions of one function on the way back from a recursion
};

// The most of something, and where that is.
struct Most {
  std::uint64_t value = 0;
  std::string where;
};

struct Proof {
  std::vector<std::string> wrong;
  Most instructions;
  Most calls_out;
  Most fuel;
  Most frame;
  std::size_t functions = 0;
  std::size_t safepoints = 0;
  std::size_t open_loops = 0;  // loops without a safepoint, their rounds bounded by a constant
};

[[nodiscard]] Proof prove(const Program& program, const Limits& limits);

}  // namespace slack::bounds

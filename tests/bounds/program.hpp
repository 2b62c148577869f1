// Program: a compiled module as the proof looks at it: functions, in them stretches of straight code and the ways
// between these.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace slack::bounds {

using FunctionId = std::uint32_t;
using StretchId = std::uint32_t;
using LoopId = std::uint32_t;

inline constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

// Sums and products stop here: more than any bound.
inline constexpr std::uint64_t kEndless = std::uint64_t{1} << 62;
[[nodiscard]] constexpr std::uint64_t add(std::uint64_t a, std::uint64_t b) {
  return a >= kEndless || b >= kEndless - a ? kEndless : a + b;
}
[[nodiscard]] constexpr std::uint64_t multiply(std::uint64_t a, std::uint64_t b) {
  return a != 0 && b >= kEndless / a ? kEndless : a * b;
}

// What a path is made of.
struct Cost {
  std::uint64_t instructions = 0;  // of LLVM's
  std::uint64_t calls_out = 0;     // of services, host functions and other instances
  std::uint64_t fuel = 0;          // added by constants
};

enum class Ending : std::uint8_t {
  flows,      // into its successors
  safepoint,  // and then into its successor
  calls,      // and then into its successor
  returns,
  stops,  // with a trap
};

// Code that is entered at its beginning and left at its end only: a block, or what of one lies between safepoints and
// calls. Its cost includes what it ends with.
struct Stretch {
  Cost cost;
  Ending ending = Ending::stops;
  FunctionId callee = kNone;  // kNone: a call through a pointer, of another instance maybe
  LoopId loop = kNone;        // the innermost that it is in
  std::uint32_t block = 0;    // by number in its function
  std::uint32_t offset = 0;   // of the first operator in the module; 0: of none
  std::vector<StretchId> successors;
};

struct Loop {
  LoopId parent = kNone;
  StretchId header = kNone;
  std::uint32_t depth = 1;
  std::uint64_t rounds = kEndless;  // at the most, as far as known
};

struct Function {
  std::string name;
  bool is_defined = false;
  bool is_open = false;            // its address is taken: whoever calls through a pointer may call it
  std::vector<Stretch> stretches;  // the first is its entry
  std::vector<Loop> loops;
};

struct Program {
  std::vector<Function> functions;
};

}  // namespace slack::bounds

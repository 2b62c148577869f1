// The block plan: where fuel adds stand in a function's control-flow graph, and what is owed at each point where the
// counter is observed. Pure: knows neither LLVM nor Wasm operators.
//
// Fuel consumed on arrival at a node is counter + potential(node); at the entry it is counter - prepaid. A plan may
// place adds on edges and nodes freely as long as at every observation point counter + owed equals the exact figure,
// and owed >= 0 wherever the counter is published (published fuel never runs ahead of the exact one). Source of the
// potentials: counter placement on a spanning tree as in optimal edge profiling (Ball and Larus, "Optimally profiling
// and tracing programs", TOPLAS 1994).
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace slack::meter {

using NodeId = std::uint32_t;

// Why the counter is looked at after a node's cost is spent.
enum class Observation : std::uint8_t {
  none,
  safepoint,  // published: owed may be > 0 up to the least cost so far, and goes into the safepoint table
  transfer,   // call, return, trap, host call: owed must be the node's own, which is 0 but for returns
};

// A stretch of straight-line code. Its cost is spent before its observation.
struct Node {
  std::uint64_t cost = 0;
  Observation observation = Observation::none;
  double frequency = 1.0;  // estimated executions, relative
  bool is_bare = false;    // nothing else needs its code: an add there keeps a block, or a branch, that could go
  std::uint64_t owed = 0;  // a return's, from which no way leads on: what the caller adds behind the call
  // The counter has the exact figure when the node is entered, and no edge leads to it. Node 0: see Graph::prepaid.
  bool starts_exact = false;
  std::int64_t ahead = 0;  // exact figure at its observation, over what costs and gains on the way there come to
  std::optional<std::uint64_t> most_owed;  // a safepoint's limit; from least_costs() where it is not given
};
struct Edge {
  NodeId from = 0;
  NodeId to = 0;
  bool can_hold_add = true;  // false: a critical edge that is not to be split
  double frequency = -1;     // as a node's; below 0: not known, estimated from the nodes'
  std::int64_t gain = 0;     // spent on the way
};
struct Graph {
  std::vector<Node> nodes;  // node 0 is the entry
  std::vector<Edge> edges;
  // What the caller has added for this function: the counter is ahead by it at the entry, to which no way leads back.
  std::uint64_t prepaid = 0;
  bool is_final = false;  // of code that is not simplified any more
};

struct Plan {
  std::vector<std::int64_t> node_adds;  // added to the counter when the node is entered
  std::vector<std::int64_t> edge_adds;  // added on the edge
  std::vector<std::uint64_t> owed;      // per node: exact fuel minus counter at its observation
};

// Each node's cost at the node, but for what the caller adds; nothing owed anywhere but by returns.
[[nodiscard]] Plan plain_plan(const Graph& graph);

// Potentials on a maximum-frequency spanning tree: adds stand only on what the tree leaves out, critical edges are kept
// in the tree, and safepoints may owe. Never dearer than the plain plan by estimated_adds.
[[nodiscard]] Plan potential_plan(const Graph& graph);

// The same, whatever it costs. For graphs with gains, which have no plain plan. Costs, gains and figures ahead must
// come to less than 2^60 on any way without a circle: sums are not checked.
[[nodiscard]] Plan spanning_plan(const Graph& graph);

// Adds executed, weighed by the nodes' frequencies: what a plan costs in time.
[[nodiscard]] double estimated_adds(const Graph& graph, const Plan& plan);

// A cost that nothing has: of nodes that no way leads to.
inline constexpr std::uint64_t kUnreached = std::numeric_limits<std::uint64_t>::max();
// Per node: what at least is spent on any way from the entry to its observation, its own cost included; kUnreached
// where no way leads. A safepoint must not owe more: its counter would be below the exact figure at the entry, which
// may have been 0.
[[nodiscard]] std::vector<std::uint64_t> least_costs(const Graph& graph);

// Whether `plan` counts `graph` exactly on every path, and publishes no figure below the exact one at the entry: for
// tests and debug builds.
[[nodiscard]] bool is_exact(const Graph& graph, const Plan& plan);

}  // namespace slack::meter

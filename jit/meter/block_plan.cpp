// Plans that charge nothing ahead or late, and the check that a plan counts exactly on every path.
#include "jit/meter/block_plan.hpp"

#include <functional>
#include <limits>
#include <optional>
#include <queue>
#include <utility>

namespace slack::meter {
namespace {

constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();

// a + b, or nothing where the sum leaves int64_t: a plan whose figures overflow counts nothing exactly.
std::optional<std::int64_t> sum(std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  if (__builtin_add_overflow(a, b, &out)) return std::nullopt;
  return out;
}

}  // namespace

Plan plain_plan(const Graph& graph) {
  Plan plan;
  plan.node_adds.reserve(graph.nodes.size());
  for (const Node& node : graph.nodes) {
    plan.node_adds.push_back(static_cast<std::int64_t>(node.cost - node.owed));
    plan.owed.push_back(node.owed);
  }
  if (!plan.node_adds.empty()) plan.node_adds[0] -= static_cast<std::int64_t>(graph.prepaid);
  plan.edge_adds.assign(graph.edges.size(), 0);
  return plan;
}

// Dijkstra's algorithm; a cost is spent on arrival.
std::vector<std::uint64_t> least_costs(const Graph& graph) {
  std::vector<std::uint64_t> out(graph.nodes.size(), kUnreached);
  if (out.empty()) return out;
  std::vector<std::vector<NodeId>> successors(graph.nodes.size());
  for (const Edge& edge : graph.edges) successors[edge.from].push_back(edge.to);
  using Arrival = std::pair<std::uint64_t, NodeId>;
  std::priority_queue<Arrival, std::vector<Arrival>, std::greater<>> arrivals;
  const auto arrive = [&](NodeId node, std::uint64_t before) {
    const std::uint64_t cost = graph.nodes[node].cost;
    const std::uint64_t total = before > kUnreached - cost ? kUnreached : before + cost;
    if (total >= out[node]) return;
    out[node] = total;
    arrivals.emplace(total, node);
  };
  for (NodeId node = 0; node < out.size(); ++node) {
    if (node == 0 || graph.nodes[node].starts_exact) arrive(node, 0);
  }
  while (!arrivals.empty()) {
    const auto [cost, node] = arrivals.top();
    arrivals.pop();
    if (cost != out[node]) continue;
    for (const NodeId next : successors[node]) arrive(next, cost);
  }
  return out;
}

// Propagates potential = exact fuel minus counter over the graph. Every path into a node must bring the same potential,
// or the counter there would stand for different figures; nodes that no path reaches may hold anything.
bool is_exact(const Graph& graph, const Plan& plan) {
  const std::size_t nodes = graph.nodes.size();
  if (plan.node_adds.size() != nodes || plan.owed.size() != nodes || plan.edge_adds.size() != graph.edges.size()) {
    return false;
  }
  if (nodes == 0) return graph.edges.empty();
  if (graph.prepaid > kLargest) return false;

  // Edges grouped by their source.
  std::vector<std::uint32_t> first(nodes + 1, 0);
  for (const Edge& edge : graph.edges) {
    if (edge.from >= nodes || edge.to >= nodes) return false;
    ++first[edge.from + 1];
  }
  for (std::size_t i = 0; i < nodes; ++i) first[i + 1] += first[i];
  std::vector<std::uint32_t> by_source(graph.edges.size());
  std::vector<std::uint32_t> next(first.begin(), first.end() - 1);
  for (std::uint32_t i = 0; i < graph.edges.size(); ++i) by_source[next[graph.edges[i].from]++] = i;

  const std::vector<std::uint64_t> least = least_costs(graph);
  std::vector<std::optional<std::int64_t>> potential(nodes);  // on entry, before the node's add and cost
  std::vector<NodeId> work;
  for (NodeId node = 0; node < nodes; ++node) {
    if (node != 0 && !graph.nodes[node].starts_exact) continue;
    potential[node] = node == 0 ? -static_cast<std::int64_t>(graph.prepaid) : 0;
    work.push_back(node);
  }
  while (!work.empty()) {
    const NodeId id = work.back();
    work.pop_back();
    const Node& node = graph.nodes[id];
    if (node.cost > kLargest || plan.node_adds[id] == std::numeric_limits<std::int64_t>::min()) return false;
    const auto with_cost = sum(*potential[id], static_cast<std::int64_t>(node.cost));
    const auto after = with_cost ? sum(*with_cost, -plan.node_adds[id]) : std::nullopt;
    if (!after) return false;
    const auto owed = sum(*after, node.ahead);
    if (!owed) return false;
    if (node.observation == Observation::transfer &&
        (*owed < 0 || static_cast<std::uint64_t>(*owed) != node.owed || plan.owed[id] != node.owed)) {
      return false;
    }
    if (node.observation == Observation::safepoint &&
        (*owed < 0 || static_cast<std::uint64_t>(*owed) != plan.owed[id] ||
         plan.owed[id] > node.most_owed.value_or(least[id]))) {
      return false;
    }
    for (std::uint32_t i = first[id]; i < first[id + 1]; ++i) {
      const Edge& edge = graph.edges[by_source[i]];
      const std::int64_t add = plan.edge_adds[by_source[i]];
      if (add != 0 && !edge.can_hold_add) return false;
      if (add == std::numeric_limits<std::int64_t>::min()) return false;
      const auto gained = sum(*after, edge.gain);
      const auto arriving = gained ? sum(*gained, -add) : std::nullopt;
      if (!arriving) return false;
      if (!potential[edge.to]) {
        potential[edge.to] = *arriving;
        work.push_back(edge.to);
      } else if (*potential[edge.to] != *arriving) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace slack::meter

// Places fuel adds by potentials on a spanning tree of the control-flow graph.
//
// Every node has two potentials (exact fuel minus counter), on entry and after its cost is spent. They are the
// vertices; a node is an arc of gain `cost` between its two, an edge an arc of gain 0 to its target's entry. Where an
// arc's ends differ by its gain the arc needs no add, so a spanning tree needs none at all and every arc outside it
// holds one: the tree takes the arcs that run most often. One more vertex, the ground, stands for "nothing owed"; what
// must owe nothing, or what callers agree on, is tied to it.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <tuple>
#include <vector>

#include "jit/meter/block_plan.hpp"

namespace slack::meter {
namespace {

using Vertex = std::uint32_t;

// After so many rounds of tying safepoints that would owe less than nothing or too much, all of them are tied at once.
constexpr int kMostRounds = 8;
// Sums of potentials stay far inside int64_t below this; no function comes near it.
constexpr std::uint64_t kMostCost = std::uint64_t{1} << 60;

struct Arc {
  Vertex from = 0;
  Vertex to = 0;
  std::int64_t gain = 0;  // potential(to) - potential(from) where no add stands on the arc
  int rank = 0;           // how much an add on it is to be avoided
  bool is_forced = false;
  bool is_late = false;  // the last one before a vertex that is tied
};

class DisjointSets {
 public:
  explicit DisjointSets(std::size_t size) : parent_(size) { std::iota(parent_.begin(), parent_.end(), 0U); }
  // False where both were one set already.
  bool join(Vertex a, Vertex b) {
    a = find(a);
    b = find(b);
    if (a == b) return false;
    parent_[std::max(a, b)] = std::min(a, b);
    return true;
  }

 private:
  Vertex find(Vertex v) {
    while (parent_[v] != v) {
      parent_[v] = parent_[parent_[v]];
      v = parent_[v];
    }
    return v;
  }
  std::vector<Vertex> parent_;
};

double frequency_of(const Node& node) { return node.frequency > 0 ? node.frequency : 0; }  // NaN too is 0

// Where they are not given: an edge's source runs as often as all edges out of it together; each has its share by how
// often its target runs, so that the way around a loop has more than the way out of it.
std::vector<double> edge_frequencies(const Graph& graph) {
  std::vector<double> shares(graph.nodes.size(), 0);
  for (const Edge& edge : graph.edges) shares[edge.from] += frequency_of(graph.nodes[edge.to]);
  std::vector<double> out;
  out.reserve(graph.edges.size());
  for (const Edge& edge : graph.edges) {
    if (edge.frequency >= 0) {
      out.push_back(edge.frequency);
      continue;
    }
    const double from = frequency_of(graph.nodes[edge.from]);
    const double to = frequency_of(graph.nodes[edge.to]);
    out.push_back(shares[edge.from] > 0 ? std::min(from * to / shares[edge.from], to) : 0);
  }
  return out;
}

// What an add is worth avoiding, by where it would stand: as much as it runs often.
struct Weights {
  std::vector<double> nodes;
  std::vector<double> edges;
};

// More than that where it would need a block of its own, and with it a jump: on critical edges, and at the end of a
// loop's body that holds nothing else. Such a loop would be left in its middle, and neither be rotated nor vectorised.
Weights weights_of(const Graph& graph) {
  constexpr double kOwnBlock = 1.5;  // one add there is dearer than one that runs as often, and cheaper than two
  std::vector<std::uint32_t> ways_out(graph.nodes.size(), 0);
  std::vector<std::uint32_t> ways_in(graph.nodes.size(), 0);
  std::vector<bool> goes_back(graph.nodes.size(), false);
  for (const Edge& edge : graph.edges) {
    ++ways_out[edge.from];
    ++ways_in[edge.to];
    // Nodes are numbered in the order of the code: an edge back is a loop's.
    if (edge.to <= edge.from && graph.nodes[edge.from].cost == 0 && !graph.is_final) goes_back[edge.from] = true;
  }
  Weights out;
  for (NodeId id = 0; id < graph.nodes.size(); ++id) {
    const bool is_bare_latch = goes_back[id] && ways_in[id] == 1;
    out.nodes.push_back(frequency_of(graph.nodes[id]) * (is_bare_latch || graph.nodes[id].is_bare ? kOwnBlock : 1));
  }
  out.edges = edge_frequencies(graph);
  for (std::size_t i = 0; i < graph.edges.size(); ++i) {
    const Edge& edge = graph.edges[i];
    const bool is_critical = ways_out[edge.from] > 1 && ways_in[edge.to] > 1;
    if (goes_back[edge.to] && ways_in[edge.to] == 1) {
      out.edges[i] = out.nodes[edge.to];
    } else if (goes_back[edge.from] || is_critical) {
      out.edges[i] *= kOwnBlock;
    }
  }
  return out;
}

// Estimates that are within a tenth of each other are the same.
int rank_of(double weight) {
  constexpr double kRanksPerOctave = 8;
  return weight > 0 ? static_cast<int>(std::lround(kRanksPerOctave * std::log2(weight)))
                    : std::numeric_limits<int>::min();
}

class Potentials {
 public:
  explicit Potentials(const Graph& graph)
      : graph_(graph),
        least_(least_costs(graph)),
        ground_(static_cast<Vertex>(2 * graph.nodes.size())),
        is_tied_(graph.nodes.size(), false) {
    for (NodeId id = 0; id < graph.nodes.size(); ++id) {
      is_tied_[id] = graph.nodes[id].observation == Observation::transfer;
    }
  }

  Plan place() {
    for (int round = 1;; ++round) {
      solve(spanning_tree());
      if (!tie_wrong_safepoints(round >= kMostRounds)) return plan();
    }
  }

 private:
  [[nodiscard]] bool is_reached(NodeId node) const { return least_[node] != kUnreached; }
  static Vertex entry(NodeId node) { return 2 * node; }
  static Vertex after(NodeId node) { return 2 * node + 1; }
  [[nodiscard]] std::int64_t owed_at(NodeId node) const { return potential_[after(node)] + graph_.nodes[node].ahead; }

  [[nodiscard]] std::vector<Arc> arcs() const {
    std::vector<Arc> out;
    out.reserve(2 * graph_.nodes.size() + graph_.edges.size() + 1);
    out.push_back({ground_, entry(0), -static_cast<std::int64_t>(graph_.prepaid), 0, true});
    const Weights weights = weights_of(graph_);
    for (NodeId id = 0; id < graph_.nodes.size(); ++id) {
      if (!is_reached(id)) continue;
      const Node& node = graph_.nodes[id];
      if (node.starts_exact) out.push_back({ground_, entry(id), 0, 0, true});
      if (is_tied_[id]) out.push_back({ground_, after(id), static_cast<std::int64_t>(node.owed) - node.ahead, 0, true});
      out.push_back({entry(id), after(id), static_cast<std::int64_t>(node.cost), rank_of(weights.nodes[id]), false,
                     is_tied_[id]});
    }
    for (std::size_t i = 0; i < graph_.edges.size(); ++i) {
      const Edge& edge = graph_.edges[i];
      if (!is_reached(edge.from)) continue;
      out.push_back({after(edge.from), entry(edge.to), edge.gain, rank_of(weights.edges[i]), !edge.can_hold_add});
    }
    return out;
  }

  // Kruskal's algorithm, forced arcs first. Where a forced arc closes a circle it closes it with forced arcs only,
  // critical edges that stay whole and ties of the nodes at their ends; such edges are in graphs without gains alone,
  // where all of those arcs have gain 0 (the entry and returns with another have no way to or from them). So it is
  // content without being in the tree.
  [[nodiscard]] std::vector<Arc> spanning_tree() const {
    std::vector<Arc> candidates = arcs();
    std::sort(candidates.begin(), candidates.end(), [](const Arc& a, const Arc& b) {
      if (a.is_forced != b.is_forced) return a.is_forced;
      if (a.rank != b.rank) return a.rank > b.rank;
      // Of equals a late one is left out: what is added late is owed on the way there, and the safepoints on it have
      // nothing published ahead.
      if (a.is_late != b.is_late) return b.is_late;
      return std::tie(a.from, a.to) < std::tie(b.from, b.to);  // one plan for one graph, whatever the library's sort
    });
    DisjointSets sets(ground_ + std::size_t{1});
    std::erase_if(candidates, [&](const Arc& arc) { return !sets.join(arc.from, arc.to); });
    return candidates;
  }

  void solve(const std::vector<Arc>& tree) {
    struct Step {
      Vertex to;
      std::int64_t gain;
    };
    std::vector<std::vector<Step>> steps(ground_ + std::size_t{1});
    for (const Arc& arc : tree) {
      steps[arc.from].push_back({arc.to, arc.gain});
      steps[arc.to].push_back({arc.from, -arc.gain});
    }
    std::vector<bool> known(ground_ + std::size_t{1}, false);
    potential_.assign(ground_ + std::size_t{1}, 0);
    known[ground_] = true;
    std::vector<Vertex> work{ground_};
    while (!work.empty()) {
      const Vertex from = work.back();
      work.pop_back();
      for (const Step& step : steps[from]) {
        if (known[step.to]) continue;
        known[step.to] = true;
        potential_[step.to] = potential_[from] + step.gain;
        work.push_back(step.to);
      }
    }
  }

  // Published fuel must not run ahead of the exact figure, nor lag behind by more than has been spent. False where no
  // safepoint had to be tied.
  bool tie_wrong_safepoints(bool tie_all) {
    bool is_wrong = false;
    for (NodeId id = 0; id < graph_.nodes.size(); ++id) {
      if (!is_reached(id) || graph_.nodes[id].observation != Observation::safepoint) continue;
      const std::int64_t owed = owed_at(id);
      if (owed >= 0 && static_cast<std::uint64_t>(owed) <= graph_.nodes[id].most_owed.value_or(least_[id])) continue;
      is_wrong = true;
      is_tied_[id] = true;
    }
    if (!is_wrong || !tie_all) return is_wrong;
    for (NodeId id = 0; id < graph_.nodes.size(); ++id) {
      if (graph_.nodes[id].observation == Observation::safepoint) is_tied_[id] = true;
    }
    return true;
  }

  [[nodiscard]] Plan plan() const {
    Plan out = plain_plan(graph_);
    for (NodeId id = 0; id < graph_.nodes.size(); ++id) {
      if (!is_reached(id)) continue;
      const Node& node = graph_.nodes[id];
      out.node_adds[id] = potential_[entry(id)] + static_cast<std::int64_t>(node.cost) - potential_[after(id)];
      if (node.observation == Observation::safepoint) out.owed[id] = static_cast<std::uint64_t>(owed_at(id));
    }
    for (std::size_t i = 0; i < graph_.edges.size(); ++i) {
      const Edge& edge = graph_.edges[i];
      if (is_reached(edge.from))
        out.edge_adds[i] = potential_[after(edge.from)] + edge.gain - potential_[entry(edge.to)];
    }
    return out;
  }

  const Graph& graph_;
  std::vector<std::uint64_t> least_;
  Vertex ground_;
  std::vector<bool> is_tied_;  // nodes that must owe their own, as a rule nothing, after their cost
  std::vector<std::int64_t> potential_;
};

}  // namespace

double estimated_adds(const Graph& graph, const Plan& plan) {
  double total = 0;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (plan.node_adds[i] != 0) total += frequency_of(graph.nodes[i]);
  }
  const std::vector<double> frequencies = edge_frequencies(graph);
  for (std::size_t i = 0; i < graph.edges.size(); ++i) {
    if (plan.edge_adds[i] != 0) total += frequencies[i];
  }
  return total;
}

Plan spanning_plan(const Graph& graph) { return Potentials(graph).place(); }

Plan potential_plan(const Graph& graph) {
  Plan plain = plain_plan(graph);
  if (graph.nodes.empty()) return plain;
  if (graph.prepaid > kMostCost) return plain;
  std::uint64_t cost = graph.prepaid;
  for (const Node& node : graph.nodes) {
    if (node.cost > kMostCost || node.owed > kMostCost || (cost += node.cost + node.owed) > kMostCost) return plain;
  }
  Plan placed = spanning_plan(graph);
  return estimated_adds(graph, placed) < estimated_adds(graph, plain) ? placed : plain;
}

}  // namespace slack::meter

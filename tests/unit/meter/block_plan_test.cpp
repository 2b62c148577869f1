// Block plans: exact on every path, whatever the graph.
#include <catch2/catch.hpp>
#include <limits>
#include <random>

#include "jit/meter/block_plan.hpp"

using namespace slack::meter;

namespace {

// entry 0 → loop 1 (safepoint) → 2 or 3 → 1; 1 → exit 4.
Graph loop_with_branch() {
  Graph graph;
  graph.nodes = {{3, Observation::none, 1},
                 {2, Observation::safepoint, 100},
                 {5, Observation::none, 50},
                 {7, Observation::none, 50},
                 {1, Observation::transfer, 1}};
  graph.edges = {{0, 1}, {1, 2}, {1, 3}, {2, 1}, {3, 1}, {1, 4}};
  return graph;
}

Graph random_graph(std::mt19937& random) {
  const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  Graph graph;
  graph.nodes.resize(1 + below(30));
  const auto size = static_cast<std::uint32_t>(graph.nodes.size());
  for (Node& node : graph.nodes) {
    node.cost = below(4) == 0 ? 0 : below(20);
    node.frequency = static_cast<double>(below(1000)) / 10;
    const std::uint32_t kind = below(6);
    if (kind < 2) node.observation = kind == 0 ? Observation::safepoint : Observation::transfer;
  }
  for (std::uint32_t i = below(3 * size + 1); i > 0; --i) {
    graph.edges.push_back({below(size), below(size), below(4) != 0});
  }
  return graph;
}

// Gives callers their part: at the entry, which no way then leads back to, and at returns, from which none leads on.
void share_with_callers(Graph& graph, std::mt19937& random) {
  for (Node& node : graph.nodes) {
    if (node.observation == Observation::transfer && random() % 2 == 0) node.owed = random() % 30;
  }
  graph.prepaid = random() % 30;
  std::erase_if(graph.edges, [&](const Edge& edge) { return edge.to == 0 || graph.nodes[edge.from].owed != 0; });
}

// As code that is read back has it: what is spent on edges, figures that are ahead, nodes entered from elsewhere.
void give_gains(Graph& graph, std::mt19937& random) {
  graph.is_final = true;
  std::vector<bool> has_way(graph.nodes.size(), false);
  for (Edge& edge : graph.edges) {
    edge.can_hold_add = true;
    edge.gain = static_cast<std::int64_t>(random() % 20) - 5;
    has_way[edge.to] = true;
  }
  for (NodeId id = 0; id < graph.nodes.size(); ++id) {
    Node& node = graph.nodes[id];
    node.cost = 0;
    node.ahead = static_cast<std::int64_t>(random() % 40) - 10;
    node.most_owed = random() % 40;
    node.starts_exact = id != 0 && !has_way[id];
  }
}

// Walks at random and counts both ways; an independent check of is_exact's verdict.
bool walk_agrees(const Graph& graph, const Plan& plan, std::mt19937& random) {
  std::int64_t exact = 0;
  auto counter = static_cast<std::int64_t>(graph.prepaid);
  NodeId at = 0;
  for (int step = 0; step < 200; ++step) {
    counter += plan.node_adds[at];
    exact += static_cast<std::int64_t>(graph.nodes[at].cost);
    if (graph.nodes[at].observation == Observation::transfer && plan.owed[at] != graph.nodes[at].owed) return false;
    if (graph.nodes[at].observation != Observation::none &&
        counter + static_cast<std::int64_t>(plan.owed[at]) != exact + graph.nodes[at].ahead) {
      return false;
    }
    if (graph.nodes[at].observation == Observation::safepoint && counter < 0 && !graph.is_final) return false;
    std::vector<std::size_t> ways;
    for (std::size_t i = 0; i < graph.edges.size(); ++i) {
      if (graph.edges[i].from == at) ways.push_back(i);
    }
    if (ways.empty()) return true;
    const std::size_t way = ways[random() % ways.size()];
    counter += plan.edge_adds[way];
    exact += graph.edges[way].gain;
    at = graph.edges[way].to;
  }
  return true;
}

}  // namespace

TEST_CASE("the plain plan charges each node on entry and owes nothing") {
  const Graph graph = loop_with_branch();
  const Plan plan = plain_plan(graph);
  CHECK(plan.node_adds == std::vector<std::int64_t>{3, 2, 5, 7, 1});
  CHECK(plan.edge_adds == std::vector<std::int64_t>(6, 0));
  CHECK(plan.owed == std::vector<std::uint64_t>(5, 0));
  CHECK(is_exact(graph, plan));
}

TEST_CASE("a plan that is wrong anywhere is not exact") {
  const Graph graph = loop_with_branch();
  const Plan good = plain_plan(graph);
  SECTION("one branch charges too little") {
    Plan plan = good;
    plan.node_adds[2] = 4;
    CHECK_FALSE(is_exact(graph, plan));
  }
  SECTION("a safepoint's owed is not what is owed") {
    Plan plan = good;
    plan.owed[1] = 1;
    CHECK_FALSE(is_exact(graph, plan));
  }
  SECTION("a transfer owes") {
    Plan plan = good;
    plan.node_adds[4] = 0;
    CHECK_FALSE(is_exact(graph, plan));
  }
  SECTION("published fuel runs ahead") {
    Plan plan = good;
    plan.edge_adds[0] = 1;
    plan.edge_adds[5] = -1;
    CHECK_FALSE(is_exact(graph, plan));
  }
  SECTION("an add on an edge that holds none") {
    Graph critical = graph;
    critical.edges[1].can_hold_add = false;
    Plan plan = good;
    plan.edge_adds[1] = 5;
    plan.node_adds[2] = 0;
    CHECK(is_exact(graph, plan));
    CHECK_FALSE(is_exact(critical, plan));
  }
  SECTION("sizes that do not fit the graph") {
    Plan plan = good;
    plan.edge_adds.pop_back();
    CHECK_FALSE(is_exact(graph, plan));
  }
  SECTION("figures that overflow") {
    Graph huge = graph;
    huge.nodes[0].cost = std::numeric_limits<std::uint64_t>::max();
    CHECK_FALSE(is_exact(huge, plain_plan(huge)));
  }
}

TEST_CASE("a lagging safepoint is exact when its owed says so") {
  const Graph graph = loop_with_branch();
  Plan plan = plain_plan(graph);
  plan.node_adds[1] = 0;  // the loop's head owes its 2, its successors pay
  plan.owed[1] = 2;
  plan.node_adds[2] += 2;
  plan.node_adds[3] += 2;
  plan.node_adds[4] += 2;
  CHECK(is_exact(graph, plan));
}

TEST_CASE("nodes that nothing reaches do not matter") {
  Graph graph = loop_with_branch();
  graph.nodes.push_back({9, Observation::transfer, 1});
  graph.edges.push_back({5, 1});
  Plan plan = plain_plan(graph);
  plan.node_adds[5] = 0;
  CHECK(is_exact(graph, plan));
  CHECK(is_exact(graph, potential_plan(graph)));
}

TEST_CASE("the empty graph has an empty plan") {
  CHECK(is_exact({}, plain_plan({})));
  CHECK(is_exact({}, potential_plan({})));
}

TEST_CASE("potentials spare the loop its adds") {
  const Graph graph = loop_with_branch();
  const Plan plan = potential_plan(graph);
  REQUIRE(is_exact(graph, plan));
  // Two circles through the loop's head, so two adds in it, at half its frequency each, and one at the way out.
  CHECK(estimated_adds(graph, plan) < 110);
  CHECK(estimated_adds(graph, plain_plan(graph)) == 202);
}

TEST_CASE("a loop that is tested at its end has its add in the body, not in a block of its own") {
  Graph graph;
  graph.nodes = {{4, Observation::none, 1},
                 {49, Observation::safepoint, 10},  // the body, and the test
                 {0, Observation::none, 10},        // the way around
                 {1, Observation::transfer, 1}};
  graph.edges = {{0, 1, true}, {1, 2, true}, {1, 3, true}, {2, 1, true}};
  const Plan plan = potential_plan(graph);
  CHECK(is_exact(graph, plan));
  CHECK(plan.node_adds[1] == 49);
  CHECK(plan.node_adds[2] == 0);
  CHECK(plan.edge_adds[1] == 0);
  CHECK(plan.edge_adds[3] == 0);
}

TEST_CASE("a call a round takes one add: what is spent after it is owed at the safepoint behind it") {
  Graph graph;
  graph.nodes = {{5, Observation::safepoint, 1},
                 {20, Observation::transfer, 10},   // up to the call
                 {13, Observation::safepoint, 10},  // from it to the test
                 {0, Observation::none, 10},        // the way around
                 {1, Observation::transfer, 1}};
  graph.edges = {{0, 1}, {1, 2}, {2, 3}, {2, 4}, {3, 1}};
  const Plan plan = potential_plan(graph);
  CHECK(is_exact(graph, plan));
  CHECK(plan.node_adds[1] == 33);
  CHECK(plan.node_adds[2] == 0);
  CHECK(plan.owed[2] == 13);
}

TEST_CASE("what callers count is not added: before the first branch, and on the shortest way to the return") {
  Graph graph;
  graph.nodes = {{5, Observation::none, 1},
                 {3, Observation::none, 0.6},
                 {8, Observation::none, 0.4},
                 {1, Observation::transfer, 1}};
  graph.edges = {{0, 1}, {0, 2}, {1, 3}, {2, 3}};
  graph.prepaid = 5;
  graph.nodes[3].owed = 4;
  const Plan plan = potential_plan(graph);
  CHECK(is_exact(graph, plan));
  CHECK(estimated_adds(graph, plan) == 0.4);  // 5 on the other one
  CHECK(plan.owed[3] == 4);
  CHECK(plain_plan(graph).node_adds == std::vector<std::int64_t>{0, 3, 8, -3});
  CHECK(is_exact(graph, plain_plan(graph)));
  Plan other = plan;
  other.owed[3] = 0;  // what the caller adds nevertheless
  other.node_adds[3] = 4;
  CHECK_FALSE(is_exact(graph, other));
}

TEST_CASE("a safepoint publishes nothing that is prepaid for what comes behind it") {
  Graph graph;
  graph.nodes = {{1, Observation::safepoint, 1}, {5, Observation::transfer, 1}};
  graph.edges = {{0, 1}};
  graph.prepaid = 6;
  const Plan plan = potential_plan(graph);
  CHECK(is_exact(graph, plan));
  CHECK(plan.node_adds[0] == -5);
  CHECK(plan.node_adds[1] == 5);
}

TEST_CASE("where edges have frequencies of their own, adds stand on the rare ones") {
  Graph graph;
  graph.nodes = {{1, Observation::none, 1}, {4, Observation::none, 1}, {0, Observation::transfer, 1}};
  graph.edges = {{0, 1, true, 0.9}, {0, 2, true, 0.1}, {1, 2, true, 0.9}};
  const Plan plan = potential_plan(graph);
  CHECK(is_exact(graph, plan));
  CHECK(plan.node_adds == std::vector<std::int64_t>{0, 0, 0});
  CHECK(plan.edge_adds[1] == 1);
}

TEST_CASE("a safepoint owes no more than was spent on any way to it") {
  // A dear and a cheap arm that meet at a safepoint: with the dear one's cost owed there, the cheap way to it would
  // publish less than nothing.
  Graph graph;
  graph.nodes = {{2, Observation::none, 1},
                 {90, Observation::none, 5},
                 {0, Observation::none, 5},
                 {3, Observation::safepoint, 10},
                 {1, Observation::transfer, 1}};
  graph.edges = {{0, 1, true}, {0, 2, true}, {1, 3, true}, {2, 3, true}, {3, 3, true}, {3, 4, true}};
  CHECK(least_costs(graph) == std::vector<std::uint64_t>{2, 92, 2, 5, 6});
  const Plan plan = potential_plan(graph);
  CHECK(is_exact(graph, plan));
  CHECK(plan.owed[3] <= 5);
  Plan lagging = plain_plan(graph);  // counts exactly, but publishes 5 - 6 on the cheap way
  lagging.edge_adds[2] = lagging.edge_adds[3] = -6;
  lagging.edge_adds[5] = 6;
  lagging.owed[3] = 6;
  CHECK_FALSE(is_exact(graph, lagging));
}

TEST_CASE("potential plans of random graphs are exact and never dearer than plain ones") {
  std::mt19937 random(5);
  double plain_total = 0;
  double potential_total = 0;
  for (int round = 0; round < 20'000; ++round) {
    Graph graph = random_graph(random);
    if (round % 2 == 0) share_with_callers(graph, random);
    const Plan plain = plain_plan(graph);
    const Plan plan = potential_plan(graph);
    REQUIRE(is_exact(graph, plain));
    REQUIRE(is_exact(graph, plan));
    REQUIRE(walk_agrees(graph, plan, random));
    REQUIRE(estimated_adds(graph, plan) <= estimated_adds(graph, plain));
    plain_total += estimated_adds(graph, plain);
    potential_total += estimated_adds(graph, plan);
  }
  CHECK(potential_total < 0.9 * plain_total);
}

TEST_CASE("spanning plans of random graphs with gains are exact, and owe no more than they may") {
  std::mt19937 random(6);
  for (int round = 0; round < 20'000; ++round) {
    Graph graph = random_graph(random);
    give_gains(graph, random);
    const Plan plan = spanning_plan(graph);
    REQUIRE(is_exact(graph, plan));
    REQUIRE(walk_agrees(graph, plan, random));
    for (NodeId id = 0; id < graph.nodes.size(); ++id) REQUIRE(plan.owed[id] <= *graph.nodes[id].most_owed);
  }
}

TEST_CASE("is_exact finds every single add that is changed on a reachable node") {
  const Graph graph = loop_with_branch();
  const Plan good = potential_plan(graph);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    Plan plan = good;
    plan.node_adds[i] += 1;
    CHECK_FALSE(is_exact(graph, plan));
  }
  for (std::size_t i = 0; i < graph.edges.size(); ++i) {
    Plan plan = good;
    plan.edge_adds[i] += 1;
    CHECK_FALSE(is_exact(graph, plan));
  }
}

// Strongly connected components of a graph, each after all that it leads to: Tarjan's algorithm, without recursion.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace slack::bounds {

// Room for each node of a graph, to be used again and again for parts of it.
struct ComponentScratch {
  explicit ComponentScratch(std::size_t nodes) : low(nodes), place(nodes) {}
  std::vector<std::uint32_t> low;  // all zero between uses
  std::vector<std::uint32_t> place;
};

// Of the graph's part that has `nodes` only. `successors(node)` is a vector of nodes, of which others are passed over.
template <typename Successors>
std::vector<std::vector<std::uint32_t>> components(const std::vector<std::uint32_t>& nodes, Successors successors,
                                                   ComponentScratch& scratch) {
  struct Visit {
    std::uint32_t node;
    std::vector<std::uint32_t> successors;
    std::size_t next;
  };
  // low: 0 for a node outside, 1 for one not yet visited, then the lowest place on the stack that it leads to.
  constexpr std::uint32_t kFirst = 2;
  constexpr std::uint32_t kDone = UINT32_MAX;
  auto& low = scratch.low;
  auto& place = scratch.place;
  std::vector<std::vector<std::uint32_t>> found;
  std::vector<std::uint32_t> stack;
  std::vector<Visit> visits;
  for (const auto node : nodes) low[node] = 1;
  const auto enter = [&](std::uint32_t node) {
    place[node] = low[node] = kFirst + static_cast<std::uint32_t>(stack.size());
    stack.push_back(node);
    visits.push_back({node, successors(node), 0});
  };
  for (const auto root : nodes) {
    if (low[root] != 1) continue;
    enter(root);
    while (!visits.empty()) {
      auto& visit = visits.back();
      const auto node = visit.node;
      if (visit.next < visit.successors.size()) {
        const auto next = visit.successors[visit.next++];
        if (low[next] == 1) {
          enter(next);
        } else if (low[next] >= kFirst && low[next] != kDone) {
          low[node] = std::min(low[node], place[next]);
        }
        continue;
      }
      visits.pop_back();
      if (!visits.empty()) low[visits.back().node] = std::min(low[visits.back().node], low[node]);
      if (low[node] != place[node]) continue;
      const auto begin = stack.begin() + static_cast<std::ptrdiff_t>(place[node] - kFirst);
      found.emplace_back(begin, stack.end());
      stack.erase(begin, stack.end());
      for (const auto member : found.back()) low[member] = kDone;
    }
  }
  for (const auto node : nodes) low[node] = 0;
  return found;
}

}  // namespace slack::bounds

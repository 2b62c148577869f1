// Ways: the longest ways without a safepoint through one function.
#include "tests/bounds/longest_way.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace slack::bounds {

namespace {

// Deeper, loops without a safepoint in each other are not looked at: rounds multiply.
constexpr unsigned kDeepestNest = 64;
// Of a long way, this many steps are told at each end.
constexpr std::size_t kStepsTold = 8;

std::string join(const std::vector<std::string>& parts, const char* between) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts.size() > 2 * kStepsTold && i >= kStepsTold && i < parts.size() - kStepsTold) {
      if (i == kStepsTold) text += fmt::format("{}… {} more", between, parts.size() - 2 * kStepsTold);
      continue;
    }
    text += (i == 0 ? "" : between) + parts[i];
  }
  return text;
}

}  // namespace

Ways::Ways(const Program& program, const Reach& reach, FunctionId function)
    : reach_(reach),
      function_(program.functions[function]),
      scratch_(function_.stretches.size()),
      component_of_(function_.stretches.size()),
      came_from_(function_.stretches.size(), kNone),
      in_(function_.stretches.size(), kNoWay),
      ends_(function_.stretches.size(), kNoWay) {
  std::vector<StretchId> all(function_.stretches.size());
  std::iota(all.begin(), all.end(), StretchId{0});
  order_ = build(all, kNone, 0);
}

// The components of the part that has `nodes`, without the ways into `cut`, each after those that lead to it.
std::vector<Ways::Component> Ways::build(const std::vector<StretchId>& nodes, StretchId cut, unsigned depth) {
  const auto successors = [&](StretchId at) {
    std::vector<StretchId> next;
    if (!reach_.goes_on(function_.stretches[at])) return next;
    for (const auto to : function_.stretches[at].successors) {
      if (to != cut) next.push_back(to);
    }
    return next;
  };
  for (const auto node : nodes) component_of_[node] = kNone;
  auto found = components(nodes, successors, scratch_);
  std::reverse(found.begin(), found.end());
  std::vector<Component> order(found.size());
  // Nodes outside have a component of another level, or none: a mark tells them apart.
  for (const auto node : nodes) scratch_.low[node] = 1;
  for (std::uint32_t i = 0; i < found.size(); ++i) {
    order[i].members = std::move(found[i]);
    for (const auto member : order[i].members) component_of_[member] = i;
  }
  for (std::uint32_t i = 0; i < order.size(); ++i) {
    bool is_cycle = order[i].members.size() > 1;
    for (const auto from : order[i].members) {
      for (const auto to : successors(from)) {
        if (scratch_.low[to] == 0) continue;
        if (component_of_[to] != i) order[i].out.push_back({from, to});
        is_cycle |= to == from;
      }
    }
    if (is_cycle) order[i].rounds = kEndless;
  }
  for (const auto node : nodes) scratch_.low[node] = 0;
  for (auto& component : order) {
    if (component.rounds != 0) close_loop(component, depth);
  }
  return order;
}

// The loop that a cycle is; where there is none, or nothing bounds its rounds, that is wrong.
void Ways::close_loop(Component& component, unsigned depth) {
  const auto& members = component.members;
  const auto id = loop_around(members);
  const auto tell = [&](const char* what) {
    std::vector<std::string> names;
    auto sorted = members;
    std::sort(sorted.begin(), sorted.end());
    for (const auto member : sorted) names.push_back(name(member));
    wrong_.push_back(fmt::format("{}: {}: {}", function_.name, what, join(names, ", ")));
  };
  if (id == kNone || std::find(members.begin(), members.end(), function_.loops[id].header) == members.end())
    return tell("a cycle without a safepoint that is no natural loop");
  if (function_.loops[id].rounds >= kEndless) return tell("a loop without a safepoint whose rounds nothing bounds");
  if (depth >= kDeepestNest) return tell("too many loops without a safepoint in each other");
  ++bounded_loops_;
  component.rounds = function_.loops[id].rounds;
  component.inner = build(members, function_.loops[id].header, depth + 1);
}

LoopId Ways::loop_around(const std::vector<StretchId>& nodes) const {
  const auto& loops = function_.loops;
  auto common = function_.stretches[nodes.front()].loop;
  for (const auto node : nodes) {
    auto other = function_.stretches[node].loop;
    while (common != other && common != kNone) {
      if (other != kNone && loops[other].depth > loops[common].depth) {
        other = loops[other].parent;
      } else {
        common = loops[common].parent;
      }
    }
  }
  return common;
}

std::string Ways::name(StretchId stretch) const {
  const auto& at = function_.stretches[stretch];
  return fmt::format("block {} at {:#x}", at.block, at.offset);
}

Length Ways::length(StretchId stretch, const Lengths& lengths) const {
  return static_cast<Length>(std::min(lengths.of(function_.stretches[stretch]), kEndless));
}

// The longest way within a loop's body, from anywhere to anywhere.
Length Ways::once_through(const std::vector<Component>& body, const Lengths& lengths) {
  std::vector<StretchId> members;
  for (const auto& component : body) members.insert(members.end(), component.members.begin(), component.members.end());
  for (const auto member : members) in_[member] = 0;
  run(body, lengths, in_, ends_, nullptr);
  Length longest = 0;
  for (const auto member : members) {
    const auto& stretch = function_.stretches[member];
    // The way back to the header goes through the callee, too.
    const auto through = stretch.ending == Ending::calls ? lengths.through(reach_.callee_of(stretch)) : 0;
    longest = std::max(longest, sum(ends_[member], std::max(through, Length{0})));
  }
  return longest;
}

void Ways::run(const std::vector<Component>& order, const Lengths& lengths, std::vector<Length>& in,
               std::vector<Length>& ends, std::vector<StretchId>* came_from) {
  for (const auto& component : order) {
    const auto& members = component.members;
    auto first = members.front();
    for (const auto member : members) {
      if (in[member] > in[first]) first = member;
    }
    const auto arrives = in[first];
    if (arrives == kNoWay) continue;
    Length leaves = kNoWay;
    if (component.rounds == 0) {
      leaves = sum(arrives, length(first, lengths));
    } else {
      // What nothing bounds has been told; as if it were passed in no time, the rest is looked at, too.
      const auto body = component.inner.empty() ? Length{0} : once_through(component.inner, lengths);
      leaves = sum(arrives, static_cast<Length>(multiply(component.rounds, static_cast<std::uint64_t>(body))));
    }
    for (const auto member : members) {
      ends[member] = leaves;
      if (came_from && member != first) (*came_from)[member] = first;
    }
    for (const auto& step : component.out) {
      const auto& stretch = function_.stretches[step.from];
      auto there = leaves;
      if (stretch.ending == Ending::calls) {
        there = sum(there, std::max(lengths.through(reach_.callee_of(stretch)), Length{0}));
      }
      if (there <= in[step.to]) continue;
      in[step.to] = there;
      if (came_from) (*came_from)[step.to] = step.from;
    }
  }
}

std::vector<Length> Ways::longest(std::vector<Length> starts, const Lengths& lengths) {
  std::vector<Length> ends(starts.size(), kNoWay);
  std::fill(came_from_.begin(), came_from_.end(), kNone);
  run(order_, lengths, starts, ends, &came_from_);
  last_ = ends;
  return ends;
}

std::string Ways::describe(StretchId to) const {
  std::vector<std::string> steps;
  for (auto at = to; at != kNone; at = came_from_[at]) steps.push_back(fmt::format("{} ({})", name(at), last_[at]));
  std::reverse(steps.begin(), steps.end());
  return join(steps, " > ");
}

}  // namespace slack::bounds

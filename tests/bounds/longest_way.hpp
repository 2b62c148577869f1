// Ways: the longest ways without a safepoint through one function.
//
// Between safepoints, what is no loop is a graph without cycles, in which the longest way is found by going over it
// once. A loop without a safepoint counts as one node of it: its rounds times the longest way through its body, which
// in its turn has no cycles but inner loops.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/bounds/components.hpp"
#include "tests/bounds/reach.hpp"

namespace slack::bounds {

using Length = std::int64_t;
inline constexpr Length kNoWay = -1;
[[nodiscard]] inline Length sum(Length a, Length b) {
  return static_cast<Length>(add(static_cast<std::uint64_t>(a), static_cast<std::uint64_t>(b)));
}

// Length of a stretch, and of the longest way through a callee that has no safepoint.
struct Lengths {
  std::function<std::uint64_t(const Stretch&)> of;
  std::function<Length(FunctionId)> through;
};

class Ways {
 public:
  Ways(const Program& program, const Reach& reach, FunctionId function);

  // Cycles that nothing bounds, in words.
  [[nodiscard]] const std::vector<std::string>& wrong() const { return wrong_; }
  // Loops without a safepoint whose rounds are bounded.
  [[nodiscard]] std::size_t bounded_loops() const { return bounded_loops_; }

  // By stretch, the longest way to its end from any stretch that ways begin at: `starts` has the length that lies
  // behind there, or kNoWay.
  [[nodiscard]] std::vector<Length> longest(std::vector<Length> starts, const Lengths& lengths);
  // The way that was the longest to the end of this stretch when longest() was last called, in words.
  [[nodiscard]] std::string describe(StretchId to) const;

 private:
  struct Step {
    StretchId from;
    StretchId to;
  };
  struct Component {
    std::vector<StretchId> members;
    std::vector<Step> out;         // to components that come later
    std::uint64_t rounds = 0;      // of a loop; 0: one stretch that is passed once
    std::vector<Component> inner;  // of a loop: its body
  };

  [[nodiscard]] std::vector<Component> build(const std::vector<StretchId>& nodes, StretchId cut, unsigned depth);
  void close_loop(Component& component, unsigned depth);
  [[nodiscard]] LoopId loop_around(const std::vector<StretchId>& nodes) const;
  [[nodiscard]] std::string name(StretchId stretch) const;
  [[nodiscard]] Length length(StretchId stretch, const Lengths& lengths) const;
  [[nodiscard]] Length once_through(const std::vector<Component>& body, const Lengths& lengths);
  void run(const std::vector<Component>& order, const Lengths& lengths, std::vector<Length>& in,
           std::vector<Length>& ends, std::vector<StretchId>* came_from);

  const Reach& reach_;
  const Function& function_;
  ComponentScratch scratch_;
  std::vector<std::uint32_t> component_of_;
  std::vector<Component> order_;
  std::vector<StretchId> came_from_;
  std::vector<Length> in_, ends_;  // of a loop's body, while it is gone through
  std::vector<Length> last_;       // what longest() returned last
  std::vector<std::string> wrong_;
  std::size_t bounded_loops_ = 0;
};

}  // namespace slack::bounds

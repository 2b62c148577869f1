// Reach: where control can get to from a function's entry without passing a safepoint, through calls and back.
#pragma once

#include <vector>

#include "tests/bounds/program.hpp"

namespace slack::bounds {

// Functions by their number; one more stands for all that a call through a pointer may reach.
class Reach {
 public:
  explicit Reach(const Program& program);

  [[nodiscard]] FunctionId unknown() const { return static_cast<FunctionId>(program_.functions.size()); }
  [[nodiscard]] FunctionId callee_of(const Stretch& stretch) const {
    return stretch.callee == kNone ? unknown() : stretch.callee;
  }
  // A way from its entry to its return has no safepoint.
  [[nodiscard]] bool is_passable(FunctionId function) const { return passable_[function]; }
  // A way from the function's entry to this stretch has none.
  [[nodiscard]] bool is_reached(FunctionId function, StretchId stretch) const { return reached_[function][stretch]; }
  // Control goes on from the stretch's end to its successors without a safepoint.
  [[nodiscard]] bool goes_on(const Stretch& stretch) const {
    return stretch.ending == Ending::flows || (stretch.ending == Ending::calls && passable_[callee_of(stretch)]);
  }
  // From the end of which stretches a way without safepoint leads to the function's return.
  [[nodiscard]] std::vector<bool> leads_to_return(FunctionId function) const;

 private:
  struct Place {
    FunctionId function;
    StretchId stretch;
  };
  void walk(Place place);
  void let_pass(FunctionId function);

  const Program& program_;
  std::vector<bool> passable_;
  std::vector<std::vector<bool>> reached_;
  std::vector<std::vector<Place>> waiting_;  // by callee: calls that were reached
  std::vector<Place> pending_;
};

}  // namespace slack::bounds

// Reach: where control can get to from a function's entry without passing a safepoint.
#include "tests/bounds/reach.hpp"

namespace slack::bounds {

// The least fixed point: each stretch is entered once, and a call again when its callee turns out to be passable.
Reach::Reach(const Program& program)
    : program_(program),
      passable_(program.functions.size() + 1),
      reached_(program.functions.size()),
      waiting_(program.functions.size() + 1) {
  for (FunctionId function = 0; function < unknown(); ++function) {
    reached_[function].resize(program.functions[function].stretches.size());
    if (!reached_[function].empty()) walk({function, 0});
  }
  while (!pending_.empty()) {
    const auto place = pending_.back();
    pending_.pop_back();
    const auto& stretch = program.functions[place.function].stretches[place.stretch];
    if (stretch.ending == Ending::returns) let_pass(place.function);
    if (stretch.ending == Ending::calls) waiting_[callee_of(stretch)].push_back(place);
    if (!goes_on(stretch)) continue;
    for (const auto next : stretch.successors) walk({place.function, next});
  }
}

void Reach::walk(Place place) {
  if (reached_[place.function][place.stretch]) return;
  reached_[place.function][place.stretch] = true;
  pending_.push_back(place);
}

void Reach::let_pass(FunctionId function) {
  if (passable_[function]) return;
  passable_[function] = true;
  for (const auto place : waiting_[function]) {
    for (const auto next : program_.functions[place.function].stretches[place.stretch].successors)
      walk({place.function, next});
  }
  if (function != unknown() && program_.functions[function].is_open) let_pass(unknown());
}

std::vector<bool> Reach::leads_to_return(FunctionId function) const {
  const auto& stretches = program_.functions[function].stretches;
  std::vector<std::vector<StretchId>> predecessors(stretches.size());
  std::vector<bool> leads(stretches.size());
  std::vector<StretchId> pending;
  for (StretchId at = 0; at < stretches.size(); ++at) {
    for (const auto next : stretches[at].successors) predecessors[next].push_back(at);
    if (stretches[at].ending != Ending::returns) continue;
    leads[at] = true;
    pending.push_back(at);
  }
  // A stretch that ends with a safepoint leads there from its end, too; what comes before it does not.
  while (!pending.empty()) {
    const auto at = pending.back();
    pending.pop_back();
    if (!goes_on(stretches[at]) && stretches[at].ending != Ending::returns) continue;
    for (const auto before : predecessors[at]) {
      if (leads[before]) continue;
      leads[before] = true;
      pending.push_back(before);
    }
  }
  return leads;
}

}  // namespace slack::bounds

// The proof that no path of a program between two safepoints is long.
#include "tests/bounds/proof.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "tests/bounds/longest_way.hpp"

namespace slack::bounds {

namespace {

// Of a cycle of calls, this many functions are told.
constexpr std::size_t kFunctionsTold = 12;

using Edges = std::vector<std::vector<FunctionId>>;

class Prover {
 public:
  Prover(const Program& program, const Limits& limits) : program_(program), limits_(limits), reach_(program) {}

  Proof run() {
    for (FunctionId id = 0; id < reach_.unknown(); ++id) prepare(id);
    const auto downwards = order_of(calls_before_a_safepoint());
    for (const auto& component : downwards) check_descent(component);
    const auto outwards = order_of(calls_before_the_return());
    measure(downwards, outwards, [](const Stretch& stretch) { return stretch.cost.calls_out; });
    proof_.calls_out = judge(most_, limits_.path.calls_out, "calls out of the instance without a safepoint");
    measure(downwards, outwards, [](const Stretch& stretch) { return stretch.cost.fuel; });
    proof_.fuel = judge(most_, limits_.path.fuel, "fuel without a safepoint");
    measure(downwards, outwards, [](const Stretch& stretch) { return stretch.cost.instructions; });
    proof_.instructions = judge(most_, limits_.path.instructions, "instructions without a safepoint");
    proof_.frame = judge(most_of_frame_, limits_.frame, "instructions for a frame on the way out of a recursion");
    return std::move(proof_);
  }

 private:
  using Components = std::vector<std::vector<FunctionId>>;

  const Function& function(FunctionId id) const { return program_.functions[id]; }

  void prepare(FunctionId id) {
    ways_.emplace_back(program_, reach_, id);
    for (const auto& text : ways_.back().wrong()) proof_.wrong.push_back(text);
    proof_.open_loops += ways_.back().bounded_loops();
    if (function(id).is_defined) ++proof_.functions;
    for (const auto& stretch : function(id).stretches) {
      proof_.safepoints += stretch.ending == Ending::safepoint;
      if (stretch.callee == kNone || function(stretch.callee).is_defined) continue;
      proof_.wrong.push_back(
          fmt::format("{}: calls {}, which is defined nowhere", function(id).name, function(stretch.callee).name));
    }
  }

  // Whom a function calls with no safepoint since its entry.
  Edges calls_before_a_safepoint() const {
    Edges edges(program_.functions.size() + 1);
    for (FunctionId id = 0; id < reach_.unknown(); ++id) {
      const auto& stretches = function(id).stretches;
      for (StretchId at = 0; at < stretches.size(); ++at) {
        if (stretches[at].ending == Ending::calls && reach_.is_reached(id, at))
          edges[id].push_back(reach_.callee_of(stretches[at]));
      }
      if (function(id).is_open) edges[reach_.unknown()].push_back(id);
    }
    return edges;
  }

  // Whose return a function's own may follow with no safepoint.
  Edges calls_before_the_return() const {
    Edges edges(program_.functions.size() + 1);
    for (FunctionId id = 0; id < reach_.unknown(); ++id) {
      const auto& stretches = function(id).stretches;
      const auto leads = reach_.leads_to_return(id);
      for (StretchId at = 0; at < stretches.size(); ++at) {
        if (stretches[at].ending == Ending::calls && leads[at]) edges[id].push_back(reach_.callee_of(stretches[at]));
      }
      if (function(id).is_open) edges[reach_.unknown()].push_back(id);
    }
    return edges;
  }

  static Components order_of(const Edges& edges) {
    std::vector<FunctionId> all(edges.size());
    std::iota(all.begin(), all.end(), FunctionId{0});
    ComponentScratch scratch(edges.size());
    return components(all, [&](FunctionId id) -> const std::vector<FunctionId>& { return edges[id]; }, scratch);
  }

  bool calls_itself(FunctionId id) const {
    if (id == reach_.unknown()) return false;
    const auto& stretches = function(id).stretches;
    for (StretchId at = 0; at < stretches.size(); ++at) {
      if (stretches[at].ending == Ending::calls && stretches[at].callee == id && reach_.is_reached(id, at)) return true;
    }
    return false;
  }

  void check_descent(const std::vector<FunctionId>& component) {
    if (component.size() == 1 && !calls_itself(component.front())) return;
    std::string names;
    for (std::size_t i = 0; i < component.size() && i < kFunctionsTold; ++i) {
      names += fmt::format("{}{}", i == 0 ? "" : ", ",
                           component[i] == reach_.unknown() ? "a call through a pointer" : function(component[i]).name);
    }
    proof_.wrong.push_back(
        fmt::format("a recursion without a safepoint, of {} functions: {}", component.size(), names));
  }

  // What ways there are through a function, in one measure.
  struct Figures {
    Length through = kNoWay;  // from entry to return, without a safepoint
    Length first = 0;         // from the entry to the first safepoint, or as far as it goes
    Length last = kNoWay;     // from the last safepoint to the return
  };

  // What longest ways begin with.
  enum class Start : std::uint8_t {
    entry,
    safepoint,  // in the function or in what it has called
    frame       // the same, but that what comes out of a recursion begins anew in each of its frames
  };

  // The end of a longest way.
  struct Place {
    FunctionId function = kNone;
    StretchId stretch = kNone;
    Start start = Start::entry;
    Length length = 0;
  };

  using Measure = std::uint64_t (*)(const Stretch&);

  // Callees before callers, both times.
  void measure(const Components& downwards, const Components& outwards, Measure of) {
    figures_.assign(program_.functions.size() + 1, {});
    lengths_ = {of, [this](FunctionId id) { return figures_[id].through; }};
    most_ = most_of_frame_ = {};
    for (const auto& component : downwards) {
      for (const auto id : component) measure_from_entry(id);
    }
    component_of_.assign(program_.functions.size() + 1, kNone);
    for (const auto& component : outwards) {
      for (const auto id : component) component_of_[id] = component.front();
      for (const auto id : component) {
        if (id != reach_.unknown()) measure_frame(id);
      }
      if (component_of_[reach_.unknown()] == component.front()) join_open_functions();
    }
    // Now that what comes out of each callee is known, also of those that are called where a safepoint follows.
    for (FunctionId id = 0; id < reach_.unknown(); ++id) measure_from_safepoints(id);
  }

  // What a call through a pointer may meet is the worst of each.
  void join_open_functions() {
    auto& unknown = figures_[reach_.unknown()];
    for (FunctionId id = 0; id < reach_.unknown(); ++id) {
      if (!function(id).is_open) continue;
      unknown.through = std::max(unknown.through, figures_[id].through);
      unknown.first = std::max(unknown.first, figures_[id].first);
      unknown.last = std::max(unknown.last, figures_[id].last);
    }
  }

  // From the end of a stretch as far as the way goes in what it calls.
  Length with_callee(const Stretch& stretch, Length end) const {
    if (end == kNoWay || stretch.ending != Ending::calls) return end;
    return sum(end, figures_[reach_.callee_of(stretch)].first);
  }

  std::vector<Length> ways(FunctionId id, Start start) {
    const auto& stretches = function(id).stretches;
    std::vector<Length> starts(stretches.size(), kNoWay);
    if (start == Start::entry && !starts.empty()) starts.front() = 0;
    for (const auto& stretch : stretches) {
      Length behind = kNoWay;
      if (start != Start::entry && stretch.ending == Ending::safepoint) behind = 0;
      if (start != Start::entry && stretch.ending == Ending::calls) {
        const auto callee = reach_.callee_of(stretch);
        behind = start == Start::frame && is_recursion(id, callee) ? 0 : figures_[callee].last;
      }
      for (const auto next : stretch.successors) {
        if (behind != kNoWay) starts[next] = std::max(starts[next], behind);
      }
    }
    return ways_[id].longest(std::move(starts), lengths_);
  }

  // On the way out.
  bool is_recursion(FunctionId caller, FunctionId callee) const {
    return component_of_[callee] == component_of_[caller];
  }

  void measure_from_entry(FunctionId id) {
    if (id == reach_.unknown()) return join_open_functions();
    const auto& stretches = function(id).stretches;
    const auto ends = ways(id, Start::entry);
    auto& figures = figures_[id];
    for (StretchId at = 0; at < stretches.size(); ++at) {
      const auto whole = with_callee(stretches[at], ends[at]);
      figures.first = std::max(figures.first, whole);
      if (stretches[at].ending == Ending::returns) figures.through = std::max(figures.through, ends[at]);
      if (function(id).is_open && whole > most_.length) most_ = {id, at, Start::entry, whole};
    }
  }

  void measure_frame(FunctionId id) {
    const auto& stretches = function(id).stretches;
    const auto ends = ways(id, Start::frame);
    Place last{id, kNone, Start::frame, kNoWay};
    bool is_recursive = false;
    for (StretchId at = 0; at < stretches.size(); ++at) {
      const auto& stretch = stretches[at];
      is_recursive |= stretch.ending == Ending::calls && is_recursion(id, reach_.callee_of(stretch));
      if (stretch.ending == Ending::returns && ends[at] > last.length) last = {id, at, Start::frame, ends[at]};
    }
    figures_[id].last = last.length;
    if (is_recursive && last.length > most_of_frame_.length) most_of_frame_ = last;
  }

  void measure_from_safepoints(FunctionId id) {
    const auto& stretches = function(id).stretches;
    const auto ends = ways(id, Start::safepoint);
    for (StretchId at = 0; at < stretches.size(); ++at) {
      const auto whole = with_callee(stretches[at], ends[at]);
      if (whole > most_.length) most_ = {id, at, Start::safepoint, whole};
    }
  }

  // Holds the worst place against its limit, and says where it is.
  Most judge(const Place& place, std::uint64_t limit, const char* what) {
    if (place.function == kNone) return {};
    (void)ways(place.function, place.start);
    const auto& stretch = function(place.function).stretches[place.stretch];
    auto where = fmt::format("{}: from {}: {}", function(place.function).name,
                             place.start == Start::entry ? "its entry" : "a safepoint",
                             ways_[place.function].describe(place.stretch));
    if (stretch.ending == Ending::calls) {
      where += fmt::format(" > into {}",
                           stretch.callee == kNone ? "a call through a pointer" : function(stretch.callee).name);
    }
    const auto value = static_cast<std::uint64_t>(place.length);
    if (value > limit) proof_.wrong.push_back(fmt::format("{} {}, more than {}: {}", value, what, limit, where));
    return {value, std::move(where)};
  }

  const Program& program_;
  const Limits& limits_;
  Reach reach_;
  std::vector<Ways> ways_;
  std::vector<Figures> figures_;
  Lengths lengths_;
  std::vector<FunctionId> component_of_;  // on the way out
  Place most_;
  Place most_of_frame_;
  Proof proof_;
};

}  // namespace

Proof prove(const Program& program, const Limits& limits) { return Prover(program, limits).run(); }

}  // namespace slack::bounds

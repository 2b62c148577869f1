// Which functions of a module poll when they are called, and what of their fuel their callers count.
#include "jit/meter/poll_plan.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "jit/meter/longest_way.hpp"
#include "jit/meter/shortest_way.hpp"
#include "jit/wasm/operator.hpp"

namespace slack::meter {
namespace {

// A depth-first search along direct calls that decides about a function when all its callees are decided. Calls are
// read off the bodies on the way: a list of them could take more room than the module.
class Search {
 public:
  Search(const wasm::Module& wasm, const CostTable& costs)
      : wasm_(wasm), costs_(costs), plan_(wasm.functions.size()), states_(wasm.functions.size(), State::unseen) {}

  PollPlan run() {
    for (std::uint32_t i = 0; i < wasm_.imported_functions; ++i) plan_[i] = kUnknownCallee;
    for (std::uint32_t i = wasm_.imported_functions; i < wasm_.functions.size(); ++i) {
      if (states_[i] == State::unseen) search_from(i);
    }
    return std::move(plan_);
  }

 private:
  enum class State : std::uint8_t {
    unseen,
    open,    // its calls are being followed
    circle,  // the same, and one of them led back to it
    decided
  };
  struct Visit {
    std::uint32_t function;
    wasm::OperatorReader reader;
    LongestWay way;
    ShortestWay shortest;
    bool may_poll = false;  // one of its callees may
    bool calls_unknown = false;
  };

  void search_from(std::uint32_t root) {
    open(root);
    while (!visits_.empty()) {
      if (follow(visits_.back())) continue;
      const auto function = visits_.back().function;
      decide(visits_.back());
      visits_.pop_back();
      if (!visits_.empty()) add(visits_.back(), plan_[function]);
    }
  }

  void open(std::uint32_t function) {
    const auto& definition = wasm_.functions[function];
    const auto entry_cost = costs_.function_entry().count();
    visits_.push_back({function, wasm::OperatorReader(definition.body, definition.body_offset), LongestWay(entry_cost),
                       ShortestWay(entry_cost)});
    states_[function] = State::open;
  }

  // Goes through a body as far as a call of a function that is not decided. False: the body is done.
  bool follow(Visit& visit) {
    while (!visit.reader.at_end() && visit.reader.read(instruction_)) {
      visit.way.pass(instruction_, stretch_of(costs_, instruction_.op));
      visit.shortest.pass(instruction_, costs_.of(instruction_.op).count());
      if (instruction_.op == wasm::Operator::call_indirect) add_unknown(visit);
      if (instruction_.op != wasm::Operator::call) continue;
      const auto callee = instruction_.index;
      if (callee < wasm_.imported_functions) {
        add_unknown(visit);
      } else if (states_[callee] == State::unseen) {
        open(callee);
        return true;
      } else if (states_[callee] == State::decided) {
        add(visit, plan_[callee]);
      } else {
        states_[callee] = State::circle;
        add(visit, kUnknownCallee);
        if (callee == visit.function) visit.shortest.call_itself();
      }
    }
    return false;
  }

  static void add(Visit& visit, const Callee& callee) {
    visit.shortest.call(callee);
    if (callee.may_poll) {
      visit.way.call_that_may_poll(callee.most_unpolled);
    } else {
      visit.way.call(callee.most_unpolled);
    }
    visit.may_poll = visit.may_poll || callee.may_poll;
  }
  static void add_unknown(Visit& visit) {
    add(visit, kUnknownCallee);
    visit.calls_unknown = true;
  }

  void decide(const Visit& visit) {
    auto& callee = plan_[visit.function];
    const bool is_in_circle = visit.calls_unknown || states_[visit.function] == State::circle;
    const auto before_calls = visit.way.before_calls();
    const auto with_calls = visit.way.with_calls();
    if (before_calls > kMostUnpolled) {
      callee = {EntryPoll::at_entry, true};
    } else if (is_in_circle || with_calls > kMostUnpolled) {
      callee = {EntryPoll::before_calls, true, static_cast<std::uint16_t>(before_calls)};
    } else {
      callee = {EntryPoll::none, visit.may_poll, static_cast<std::uint16_t>(with_calls)};
    }
    if (is_called_directly_only(visit.function)) share(visit.shortest, callee);
    states_[visit.function] = State::decided;
  }

  [[nodiscard]] bool is_called_directly_only(std::uint32_t function) const {
    return !wasm_.functions[function].referenced && wasm_.start != function;
  }

  // What polls is not paid for ahead: as a rule its callers' own polls stand just before the call, and what they may
  // owe can then be added in one with what follows.
  static void share(const ShortestWay& way, Callee& callee) {
    if (callee.poll == EntryPoll::none) callee.prepaid = at_most_16_bits(way.prepaid());
    callee.owed = at_most_16_bits(way.owed(callee.prepaid));
  }
  static std::uint16_t at_most_16_bits(std::uint64_t fuel) {
    return static_cast<std::uint16_t>(std::min<std::uint64_t>(fuel, std::numeric_limits<std::uint16_t>::max()));
  }

  const wasm::Module& wasm_;
  const CostTable& costs_;
  PollPlan plan_;
  std::vector<State> states_;
  std::vector<Visit> visits_;
  wasm::Instruction instruction_;
};

}  // namespace

PollPlan plan_polls(const wasm::Module& wasm, const CostTable& costs) { return Search(wasm, costs).run(); }

}  // namespace slack::meter

// Runs modules in generated code and in the reference interpreter and says where they differ; one request a line.
//
// A request is described in session.hpp. In mode `slacked` generated code is stopped at every safepoint, and what a
// monitor would say of its fuel there must be what the interpreter has consumed at that place. The answer is one line:
// {"wrong": [TEXT…], "refused": TEXT, "unfinished": N, "calls": N, …}, the figures those of compare.hpp's Totals.
#include <fmt/format.h>

#include <iostream>
#include <string>

#include "daemon/wire/trap.hpp"
#include "tests/reference/compare.hpp"
#include "tests/reference/generated.hpp"
#include "tests/reference/interpreted.hpp"

namespace slack::reference {
namespace {

using nlohmann::json;

// 96 MB; a call that publishes more often is followed so far.
constexpr std::size_t kMostSights = 2'000'000;
constexpr std::size_t kMostSightsOfACall = 100'000;

// Where an access trapped, what follows is another session: the compiler may move a store before an access that traps,
// since nobody sees the memory of a run that ended.
void add_comparable(const Request& request, const Session& session, std::vector<Session>& sessions,
                    std::uint64_t& unfinished) {
  std::optional<Missed> missed;
  const auto outcome = interpret(request, session, {}, missed);
  if (outcome.start.unfinished) {
    ++unfinished;
    return;
  }
  for (std::size_t i = 0; i < outcome.calls.size(); ++i) {
    const auto before = session.begin() + static_cast<std::ptrdiff_t>(i);
    if (outcome.calls[i].unfinished) {
      // All before it can be compared, and the state then.
      ++unfinished;
      sessions.emplace_back(session.begin(), before);
      return;
    }
    if (outcome.calls[i].trap == message_of(Trap::out_of_bounds_memory_access) && i + 1 < session.size()) {
      sessions.emplace_back(session.begin(), before + 1);
      add_comparable(request, Session(before + 1, session.end()), sessions, unfinished);
      return;
    }
  }
  sessions.push_back(session);
}

class Comparison {
 public:
  Comparison(const Request& request, Tracer& tracer) : request_(request), tracer_(tracer) {}

  [[nodiscard]] json run() {
    const Promises promises = promises_of(request_.metering);
    auto result = generate(request_, promises.publishes && !request_.only_generated ? &tracer_ : nullptr);
    if (!result.refused.empty()) return {{"refused", result.refused}, {"wrong", json::array()}};
    if (!result.fault.empty()) return {{"wrong", {result.fault}}};
    if (request_.tells) tell(result.sessions);
    for (std::size_t i = 0; i < result.sessions.size() && !request_.only_generated; ++i) {
      const auto wrong = session(request_.sessions[i], result.sessions[i], promises);
      if (!wrong.empty()) wrong_.push_back(fmt::format("session {}, {}", i, wrong));
    }
    return {{"wrong", wrong_},
            {"fuel", fuel_},
            {"calls", totals_.calls},
            {"operators", totals_.operators},
            {"sights", totals_.sights},
            {"cut", totals_.cut},
            {"signals", totals_.signals},
            {"longest_lag", totals_.longest_lag},
            {"longest_stretch", totals_.longest_stretch},
            {"traps", totals_.traps}};
  }

 private:
  void tell(const std::vector<SessionOutcome>& sessions) {
    for (const auto& session : sessions) {
      auto& fuel = fuel_.emplace_back(json::array({session.start.fuel}));
      for (const auto& each : session.calls) fuel.push_back(each.fuel);
    }
  }

  // Where mode `checked` ended a call, the figure must be one of the program's too.
  [[nodiscard]] std::span<const Sight> sights_of(const Outcome& outcome, Sight& only) const {
    if (outcome.trap == message_of(Trap::out_of_fuel)) {
      only = {outcome.slot, outcome.function, outcome.offset, 0, outcome.fuel, 0};
      return {&only, 1};
    }
    return tracer_.sights().subspan(outcome.first_sight, outcome.sights);
  }

  [[nodiscard]] std::string session(const Session& all_calls, const SessionOutcome& ours, Promises promises) {
    if (!ours.died.empty()) return "died: " + ours.died;
    // What follows a call that ended before its time depends on when it did.
    std::vector<const Outcome*> outcomes{&ours.start};
    for (const auto& each : ours.calls)
      if (!ended_early(*outcomes.back())) outcomes.push_back(&each);
    const Session calls(all_calls.begin(), all_calls.begin() + static_cast<std::ptrdiff_t>(outcomes.size() - 1));
    std::vector<Sight> only(outcomes.size());
    std::vector<std::span<const Sight>> sights;
    for (std::size_t i = 0; i < outcomes.size(); ++i) sights.push_back(sights_of(*outcomes[i], only[i]));
    std::optional<Missed> missed;
    const auto reference = interpret(request_, calls, sights, missed);
    if (!reference.died.empty()) return "reference: " + reference.died;
    if (missed)
      return fmt::format("{}: {}: the program does not pass it", name_of(missed->call, calls), describe(missed->sight));
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      const Outcome& theirs = i == 0 ? reference.start : reference.calls.at(i - 1);
      const auto wrong = compare_call(*outcomes[i], theirs, sights[i], promises, totals_);
      if (!wrong.empty()) return name_of(i, calls) + ": " + wrong;
      if (outcomes[i]->trap == message_of(Trap::out_of_fuel) && outcomes[i]->fuel <= request_.fuel_limit)
        return name_of(i, calls) + ": out of fuel within its limit";
    }
    if (ended_early(*outcomes.back())) return "";
    if (!reference.calls.empty() && reference.calls.back().trap == message_of(Trap::out_of_bounds_memory_access))
      return "";
    return compare_state(ours.state, reference.state);
  }

  [[nodiscard]] static bool ended_early(const Outcome& outcome) {
    return outcome.trap == message_of(Trap::out_of_fuel) || outcome.trap == message_of(Trap::call_stack_exhausted);
  }

  static std::string name_of(std::size_t call, const Session& session) {
    if (call == 0) return "start";
    return fmt::format("call {} of {}", call - 1, session[call - 1].function);
  }

  const Request& request_;
  Tracer& tracer_;
  Totals totals_;
  std::vector<std::string> wrong_;
  json fuel_ = json::array();
};

// {"wrong": [TEXT…]}: the first figure at which the program has no safepoint.
json check_parks(const Request& request) {
  std::vector<Sight> sights;
  for (const auto figure : request.parks) sights.push_back({0, Sight::kSome, 0, 0, figure, 0});
  const std::vector<std::span<const Sight>> by_call{{}, sights};
  std::optional<Missed> missed;
  const auto outcome = interpret(request, request.sessions.at(0), by_call, missed);
  if (!outcome.died.empty()) return {{"wrong", {outcome.died}}};
  if (missed || (!sights.empty() && outcome.calls.at(0).fuel < sights.back().exact))
    return {{"wrong", {fmt::format("parked with fuel {}, which no safepoint has", missed ? missed->sight.exact : 0)}}};
  return {{"wrong", json::array()}};
}

json answer(const json& line, Tracer& tracer) {
  Request request = parse_request(line);
  if (!request.parks.empty()) return check_parks(request);
  std::vector<Session> sessions;
  std::uint64_t unfinished = 0;
  if (request.exhausts || request.only_generated)
    sessions = request.sessions;
  else
    for (const auto& session : request.sessions) add_comparable(request, session, sessions, unfinished);
  request.sessions = std::move(sessions);
  auto result = Comparison(request, tracer).run();
  result["unfinished"] = unfinished;
  return result;
}

}  // namespace
}  // namespace slack::reference

int main() {
  using namespace slack::reference;
  auto tracer = Tracer::make(kMostSights, kMostSightsOfACall);
  if (!tracer) {
    fmt::print(stderr, "reference-run: {}\n", tracer.error().what);
    return 1;
  }
  for (std::string line; std::getline(std::cin, line);)
    std::cout << answer(nlohmann::json::parse(line), **tracer).dump() << std::endl;
  return 0;
}

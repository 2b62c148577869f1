// Runs sessions in the interpreter.
#include "tests/reference/interpreted.hpp"

#include "tests/reference/machine.hpp"

namespace slack::reference {

namespace {

using nlohmann::json;

json describe(const Value& value, wasm::ValueType type) {
  if (wasm::is_reference(type)) return value.low != 0;
  if (type == wasm::ValueType::v128) return {value.low, value.high};
  return {value.low, 0};
}

Outcome describe(const Ending& ending, std::span<const wasm::ValueType> types) {
  Outcome outcome;
  if (ending.trap) outcome.trap = message_of(*ending.trap);
  outcome.unfinished = ending.unfinished;
  outcome.fuel = ending.fuel;
  for (std::size_t i = 0; !ending.trap && !ending.unfinished && i < types.size(); ++i)
    outcome.values.push_back(describe(ending.values.at(i), types[i]));
  return outcome;
}

json state_of(const Instance& instance) {
  json state{{"globals", json::object()}, {"tables", json::object()}, {"memories", json::object()}};
  for (const auto& each : instance.module.exports) {
    const std::string name(each.name);
    if (each.kind == wasm::ExternKind::global) {
      const Global& global = *instance.globals[each.index];
      state["globals"][name] = describe(global.value, global.type);
    } else if (each.kind == wasm::ExternKind::table) {
      std::vector<std::uint8_t> used;
      for (const auto reference : instance.tables[each.index]->elements) used.push_back(reference != 0 ? 1 : 0);
      state["tables"][name] = {used.size(), digest(used)};
    } else if (each.kind == wasm::ExternKind::memory) {
      const Memory& memory = *instance.memories[each.index];
      state["memories"][name] = {memory.size(), digest({memory.bytes, memory.size()})};
    }
  }
  return state;
}

}  // namespace

SessionOutcome interpret(const Request& request, const Session& session, std::span<const std::span<const Sight>> sights,
                         std::optional<Missed>& missed) {
  SessionOutcome outcome;
  Store store;
  const auto watched = [&](std::size_t call, auto work) {
    Watch watch = call < sights.size() ? Watch(sights[call]) : Watch();
    Machine machine(watch, request.most_fuel);
    const Ending ending = work(machine);
    const auto* sight = ending.unfinished ? watch.missed(ending.fuel) : watch.missed();
    if (sight != nullptr && !missed) missed = {call, *sight};
    return ending;
  };
  Instance* other = nullptr;
  if (!request.other.empty()) {
    other = store.load(read_file(request.other), 1);
    Watch unwatched;
    if (other != nullptr) (void)Machine(unwatched, request.most_fuel).instantiate(store, *other);
    if (other != nullptr) store.enter("other", *other);
  }
  Instance* instance = store.load(read_file(request.module), 0);
  if (instance == nullptr) {
    outcome.died = "the module is not valid, or imports what is not there";
    return outcome;
  }
  outcome.start = describe(watched(0, [&](Machine& machine) { return machine.instantiate(store, *instance); }), {});
  if (!outcome.start.trap.empty() || outcome.start.unfinished) return outcome;
  for (std::size_t i = 0; i < session.size(); ++i) {
    const auto* found = instance->find(session[i].function);
    if (found == nullptr || found->kind != wasm::ExternKind::function) {
      outcome.died = "no such function";
      return outcome;
    }
    Function& function = *instance->functions[found->index];
    const auto ending = watched(i + 1, [&](Machine& machine) { return machine.call(function, session[i].arguments); });
    outcome.calls.push_back(describe(ending, function.type->results));
    if (ending.unfinished) return outcome;
  }
  outcome.state["module"] = state_of(*instance);
  if (other != nullptr) outcome.state["other"] = state_of(*other);
  return outcome;
}

}  // namespace slack::reference

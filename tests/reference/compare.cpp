// The rules.
#include "tests/reference/compare.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slack::reference {

namespace {

// The depth at which the stack is exhausted is the engine's own; until then all is compared.
constexpr char kExhausted[] = "call stack exhausted";
// Mode `checked` ends a call itself.
constexpr char kOutOfFuel[] = "all fuel consumed";

std::string text_of(const std::vector<nlohmann::json>& values) { return nlohmann::json(values).dump(); }

// A trap by signal: the published figure is what the last safepoint published, and lags behind.
std::string compare_signal(const Outcome& ours, const Outcome& reference, std::span<const Sight> sights,
                           Promises promises, Totals& totals) {
  ++totals.signals;
  if (!promises.publishes) return ours.fuel == 0 ? "" : fmt::format("fuel {} of a mode that publishes none", ours.fuel);
  if (ours.fuel != ours.published)
    return fmt::format("fuel {} at a trap by signal, published {}", ours.fuel, ours.published);
  if (ours.trap == kExhausted) return "";
  if (ours.fuel > reference.fuel)
    return fmt::format("published {} above the exact figure {}", ours.fuel, reference.fuel);
  if (!ours.has_all_sights) return "";
  const Sight none;
  const Sight& last = sights.empty() ? none : sights.back();
  if (last.published != ours.fuel)
    return fmt::format("fuel {}, but the last safepoint published {}", ours.fuel, last.published);
  totals.longest_lag = std::max(totals.longest_lag, reference.fuel - ours.fuel);
  return "";
}

void count(const Outcome& ours, const Outcome& reference, std::span<const Sight> sights, Totals& totals) {
  ++totals.calls;
  totals.operators += reference.fuel;
  totals.sights += sights.size();
  totals.cut += ours.has_all_sights ? 0 : 1;
  if (!ours.trap.empty()) ++totals.traps[ours.trap];
  for (std::size_t i = 1; i < sights.size(); ++i)
    if (sights[i - 1].function != Sight::kHost && sights[i].function != Sight::kHost)
      totals.longest_stretch = std::max(totals.longest_stretch, sights[i].exact - sights[i - 1].exact);
}

}  // namespace

std::string describe(const Sight& sight) {
  if (sight.function == Sight::kUnknown) return "published where no safepoint is";
  if (sight.function == Sight::kHost) return fmt::format("the worker published {}", sight.exact);
  return fmt::format("safepoint of function {} at {} in slot {}: exact fuel {}, published {}", sight.function,
                     sight.offset, sight.slot, sight.exact, sight.published);
}

Promises promises_of(Metering metering) { return {counts_fuel(metering), metering == Metering::slacked}; }

std::string compare_call(const Outcome& ours, const Outcome& reference, std::span<const Sight> sights,
                         Promises promises, Totals& totals) {
  count(ours, reference, sights, totals);
  for (const auto& sight : sights)
    if (sight.published > sight.exact) return describe(sight) + ", which runs ahead";
  if (ours.trap == kOutOfFuel || ours.trap == kExhausted)
    return ours.by_signal ? compare_signal(ours, reference, sights, promises, totals) : "";
  if (reference.unfinished) return "ended; the reference did not";
  if (ours.trap != reference.trap) return fmt::format("'{}', reference: '{}'", ours.trap, reference.trap);
  if (ours.values != reference.values)
    return fmt::format("results {}, reference: {}", text_of(ours.values), text_of(reference.values));
  if (!promises.counts) return "";
  if (ours.by_signal) return compare_signal(ours, reference, sights, promises, totals);
  if (ours.fuel != reference.fuel) return fmt::format("fuel {}, reference: {}", ours.fuel, reference.fuel);
  if (ours.published > ours.fuel)
    return fmt::format("published {} above the exact figure {}", ours.published, ours.fuel);
  return "";
}

std::string compare_state(const nlohmann::json& ours, const nlohmann::json& reference) {
  for (const auto& [whose, kinds] : reference.items())
    for (const auto& [kind, things] : kinds.items())
      for (const auto& [name, value] : things.items()) {
        const auto& our_value = ours[whose][kind][name];
        if (our_value != value)
          return fmt::format("{} of {}, {}: {}, reference: {}", kind, whose, name, our_value.dump(), value.dump());
      }
  return "";
}

}  // namespace slack::reference

// Reads options of RunModule from typed values, by the table run_option.def.
#include "daemon/wire/run_options.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace slack {
namespace {

constexpr std::array kTable{
#define X(name, type, unit, default_value, meaning) RunOptionRow{#name, type, unit, default_value, meaning},
#include "daemon/wire/run_option.def"
#undef X
};

constexpr std::array<std::string_view, 5> kMeterings{"none", "counted", "slacked", "checked", "epoch"};

// The monitor cannot promise less (DESIGN: "the slack set, default 10 ms, least 1 ms").
constexpr std::uint64_t kLeastSlackMicros = 1'000;
// An armed run is given this long at the most to reach a safepoint, whatever it was armed for: also a deadline or Stop.
constexpr std::uint64_t kMostSlackMicros = 1'000'000;

std::string quoted(std::string_view text) {
  std::string quote(1, '\'');
  return quote.append(text).append(1, '\'');
}

tl::unexpected<Fault> invalid(std::string what) { return fail(Fault{EINVAL, std::move(what)}); }

// How many letters have to change to get from one word to the other (Levenshtein).
std::size_t distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t j = 0; j <= to.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t swap = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({swap, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row.back();
}

std::string_view type_of(const RunOptionValue& value) {
  static constexpr std::array<std::string_view, 4> kTypes{"t", "b", "s", "as"};
  return kTypes.at(value.index());
}

bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

// Position of `value` among the words of the option's table row; a fault lists the words.
Expected<std::size_t> choose(const RunOptionRow& row, std::string_view value) {
  std::string_view rest = row.unit;
  for (std::size_t index = 0; !rest.empty(); ++index) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    if (rest.substr(0, end) == value) return index;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return invalid("option " + quoted(row.name) + " is " + quoted(value) + "; it takes: " + std::string(row.unit));
}

Expected<void> set_environment(RunOptions& options, std::vector<std::string> entries) {
  for (const auto& entry : entries) {
    const std::size_t sign = entry.find('=');
    if (sign == 0 || sign == std::string::npos || has_nul(entry))
      return invalid("option 'env' holds " + quoted(entry) + ", which is not NAME=VALUE");
  }
  options.environment = std::move(entries);
  return {};
}

}  // namespace

std::string_view name_of(Metering metering) {
  const auto index = static_cast<std::size_t>(metering);
  return index < kMeterings.size() ? kMeterings[index] : "unknown";
}

std::optional<Metering> metering_named(std::string_view name) {
  for (std::size_t i = 0; i < kMeterings.size(); ++i)
    if (kMeterings[i] == name) return static_cast<Metering>(i);
  return std::nullopt;
}

std::span<const RunOptionRow> run_option_table() { return kTable; }

Expected<const RunOptionRow*> find_run_option(std::string_view name) {
  for (const auto& row : kTable)
    if (row.name == name) return &row;
  std::string what = "unknown option " + quoted(name.substr(0, 64));
  const auto nearest = std::ranges::min_element(
      kTable, {}, [&](const RunOptionRow& row) { return distance(name.substr(0, 64), row.name); });
  if (distance(name.substr(0, 64), nearest->name) <= 2) what += " (did you mean " + quoted(nearest->name) + "?)";
  return invalid(std::move(what));
}

Expected<const RunOptionRow*> check_run_option(std::string_view name, std::string_view type) {
  auto row = find_run_option(name);
  if (row && (*row)->type != type)
    return invalid("option " + quoted(name) + " has type " + std::string(type) + ", expected " +
                   std::string((*row)->type));
  return row;
}

Expected<void> set_run_option(RunOptions& options, std::string_view name, RunOptionValue value) {
  const auto found = check_run_option(name, type_of(value));
  if (!found) return fail(found.error());
  const RunOptionRow& row = **found;

  // The type has been checked against the table: each get() below is the table's own type.
  const auto number = [&] { return std::get<std::uint64_t>(value); };
  const auto flag = [&] { return std::get<bool>(value); };
  const auto text = [&]() -> std::string& { return std::get<std::string>(value); };
  if (std::holds_alternative<std::string>(value) && has_nul(text()))
    return invalid("option " + quoted(name) + " holds a NUL character");

  if (name == "fuel") {
    options.fuel = Fuel(number());
  } else if (name == "slack_usec") {
    if (number() < kLeastSlackMicros || number() > kMostSlackMicros)
      return invalid("option 'slack_usec' is " + std::to_string(number()) + "; it takes " +
                     std::to_string(kLeastSlackMicros) + " to " + std::to_string(kMostSlackMicros));
    options.slack = Micros(number());
  } else if (name == "wall_usec") {
    options.wall = Micros(number());
  } else if (name == "cpu_usec") {
    options.cpu = Micros(number());
  } else if (name == "memory_bytes") {
    options.memory = Bytes(number());
  } else if (name == "output_bytes") {
    options.output = Bytes(number());
  } else if (name == "env") {
    return set_environment(options, std::get<std::vector<std::string>>(std::move(value)));
  } else if (name == "invoke") {
    if (text().empty()) return invalid("option 'invoke' is empty; it takes the name of an exported function");
    options.invoke = std::move(text());
  } else if (name == "on_out_of_fuel") {
    if (const auto chosen = choose(row, text()); !chosen) return fail(chosen.error());
  } else if (name == "metering") {
    const auto chosen = choose(row, text());
    if (!chosen) return fail(chosen.error());
    options.metering = static_cast<Metering>(*chosen);
  } else if (name == "output") {
    const auto chosen = choose(row, text());
    if (!chosen) return fail(chosen.error());
    options.stream = *chosen == 1;
  } else if (name == "keep_output") {
    options.keep_output = flag();
  } else if (name == "cache") {
    options.cache = flag();
  } else if (name == "deterministic") {
    options.deterministic = flag();
  } else if (name == "measure") {
    options.measure = flag();
  } else if (name == "detached") {
    options.detached = flag();
  } else if (name == "name") {
    options.name = std::move(text());
  } else {
    return invalid("option " + quoted(name) + " carries descriptors");
  }
  return {};
}

Expected<void> check_together(const RunOptions& options) {
  if (options.fuel != kUnlimitedFuel && !counts_fuel(options.metering))
    return invalid("option 'fuel' sets a limit, but metering " + quoted(name_of(options.metering)) +
                   " counts no fuel; leave one of them out");
  return {};
}

}  // namespace slack

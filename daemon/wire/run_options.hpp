// RunOptions: what a client asks of a run, in our own types; defaults are those of run_option.def.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/base/fault.hpp"
#include "daemon/base/units.hpp"

namespace slack {

enum class Metering : std::uint8_t { none, counted, slacked, checked, epoch };
// Whether a run of this metering tells what it consumed.
[[nodiscard]] constexpr bool counts_fuel(Metering metering) {
  return metering != Metering::none && metering != Metering::epoch;
}
[[nodiscard]] std::string_view name_of(Metering metering);
[[nodiscard]] std::optional<Metering> metering_named(std::string_view name);

struct RunOptions {
  Fuel fuel = kUnlimitedFuel;
  Micros slack{10'000};
  Micros wall{60'000'000};
  Micros cpu = kUnlimitedTime;
  Bytes memory{std::uint64_t{1} << 30};
  Bytes output{std::uint64_t{64} << 20};
  std::vector<std::string> environment;
  std::string invoke = "_start";
  Metering metering = Metering::slacked;
  bool stream = false;
  bool keep_output = false;
  bool cache = true;
  bool deterministic = false;
  bool measure = false;
  bool detached = false;
  std::string name = "module";  // argv[0]
};

// One row of run_option.def.
struct RunOptionRow {
  std::string_view name;
  std::string_view type;  // D-Bus signature
  std::string_view unit;  // or the values it takes
  std::string_view default_value;
  std::string_view meaning;
};
[[nodiscard]] std::span<const RunOptionRow> run_option_table();
// The row of an option; a fault (EINVAL) names an unknown one, and a known one that is spelled nearly so.
[[nodiscard]] Expected<const RunOptionRow*> find_run_option(std::string_view name);
// The row of an option if it is of D-Bus type `type`; a fault (EINVAL) names the option and both types.
[[nodiscard]] Expected<const RunOptionRow*> check_run_option(std::string_view name, std::string_view type);

// The value of an option that is no descriptor (types t, b, s, as).
using RunOptionValue = std::variant<std::uint64_t, bool, std::string, std::vector<std::string>>;
// Sets one option. A fault (EINVAL) names the option: unknown, of another type, one that carries descriptors, or a
// value that it does not take.
[[nodiscard]] Expected<void> set_run_option(RunOptions& options, std::string_view name, RunOptionValue value);
// Whether the options go together, once all are set: a fuel limit needs a metering mode that counts. A fault (EINVAL)
// names both.
[[nodiscard]] Expected<void> check_together(const RunOptions& options);

}  // namespace slack

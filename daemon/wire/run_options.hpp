// RunOptions: what a client asks of a run, in our own types; defaults are those of run_option.def.
#pragma once

#include <string>
#include <vector>

#include "daemon/base/units.hpp"

namespace slack {

enum class Metering : std::uint8_t { none, counted, slacked, checked, epoch };
[[nodiscard]] std::string_view name_of(Metering metering);

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
  bool deterministic = false;
  bool measure = false;
  bool detached = false;
  std::string name = "module";  // argv[0]
};

}  // namespace slack

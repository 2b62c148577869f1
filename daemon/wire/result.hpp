// RunResult: a verdict and its evidence, as it goes over the bus and into reports.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "daemon/wire/verdict.hpp"

namespace slack {

// Fields are named and typed as in result.def (t: uint64_t, i: int32_t, b: bool, s: string); none is required.
struct RunResult {
  Verdict verdict = Verdict::crashed;
  std::optional<std::int32_t> exit_code;
  std::optional<std::uint64_t> fuel_consumed;
  std::optional<bool> fuel_exact;
  std::optional<std::uint64_t> fuel_limit;
  std::optional<std::uint64_t> stop_latency_usec;
  std::optional<std::uint64_t> looks;
  std::optional<std::uint64_t> arms;
  std::optional<std::string> cache;
  std::optional<std::uint64_t> compile_usec;
  std::optional<std::uint64_t> run_usec;
  std::optional<std::uint64_t> cpu_usec;
  std::optional<std::uint64_t> peak_memory_bytes;
  std::optional<std::string> trap;
  std::optional<std::string> trap_function;
  std::optional<std::uint64_t> trap_offset;
  std::optional<std::string> reason;
  std::optional<std::uint64_t> offset;
  std::optional<bool> misinvoked;
  std::optional<std::uint64_t> bench_usec;
  std::optional<std::uint64_t> bench_fuel;
};

// Calls visit(name, field) for every field in the order of result.def, set or not; `field` is the optional itself,
// assignable where `result` is.
template <typename Result, typename Visitor>
void for_each_field(Result&& result, Visitor&& visit) {
#define X(name, type, unit, meaning) visit(std::string_view(#name), result.name);
#include "daemon/wire/result.def"
#undef X
}

// One row of result.def.
struct ResultRow {
  std::string_view name;
  std::string_view type;  // D-Bus signature
  std::string_view unit;
  std::string_view meaning;
};
[[nodiscard]] std::span<const ResultRow> result_table();

}  // namespace slack

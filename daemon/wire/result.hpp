// RunResult: a verdict and its evidence, as it goes over the bus and into reports.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

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
  std::optional<std::uint64_t> compile_usec;
  std::optional<std::uint64_t> run_usec;
  std::optional<std::uint64_t> cpu_usec;
  std::optional<std::uint64_t> peak_memory_bytes;
  std::optional<std::string> trap;
  std::optional<std::string> trap_function;
  std::optional<std::uint64_t> trap_offset;
  std::optional<std::string> reason;
  std::optional<std::uint64_t> offset;
  std::optional<std::uint64_t> bench_usec;
  std::optional<std::uint64_t> bench_fuel;
};

}  // namespace slack

// The suite's JSON notation of values, and the outcome it expects of an action.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "daemon/base/worker_services.hpp"

namespace slack::spec {

// {"type": "i32", "value": "7"} as the low half of a services::Value; an externref is its number plus one.
[[nodiscard]] std::uint64_t parse_value(const nlohmann::json& value);

// Whether the result `low` is what `expected` says, NaN patterns included; with `canonical_nans` a NaN that the suite
// leaves open must be the positive canonical one.
[[nodiscard]] bool matches(const nlohmann::json& expected, std::uint64_t low, bool canonical_nans);

}  // namespace slack::spec

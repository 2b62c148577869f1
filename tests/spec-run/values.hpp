// The suite's JSON notation of values, and the outcome it expects of an action.
#pragma once

#include <nlohmann/json.hpp>

#include "daemon/base/worker_services.hpp"

namespace slack::spec {

// {"type": "i32", "value": "7"}, {"type": "v128", "lane_type": "i64", "value": ["1", "2"]}; an externref is its number
// plus one.
[[nodiscard]] services::Value parse_value(const nlohmann::json& value);

// Whether `result` is what `expected` says, NaN patterns included; with `canonical_nans` a NaN that the suite leaves
// open must be the positive canonical one.
[[nodiscard]] bool matches(const nlohmann::json& expected, const services::Value& result, bool canonical_nans);

// A result on its way between processes, and back.
[[nodiscard]] nlohmann::json to_json(const services::Value& value);
[[nodiscard]] services::Value from_json(const nlohmann::json& value);

}  // namespace slack::spec

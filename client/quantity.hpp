// Reads the quantities of the command line: fuel, durations and sizes.
//
// A number may have decimals ("1.5s") and a power of ten ("1e6"), in this order and before its unit, as long as the
// result is a whole number of the smallest unit. A text that does not fit is a fault with EINVAL whose words say what
// would.
#pragma once

#include <string_view>

#include "daemon/base/fault.hpp"
#include "daemon/base/units.hpp"

namespace slack::client {

// "1000000", "1e6", "1M", "2.5G" (K, M, G, T or k, m, g, t: powers of a thousand), "unlimited".
[[nodiscard]] Expected<Fuel> parse_fuel(std::string_view text);

// A number and its unit, "us", "ms", "s", "min" or "h": "500us", "1.5s", "1e3ms"; "unlimited".
[[nodiscard]] Expected<Micros> parse_duration(std::string_view text);

// "65536", "1e6", "64K", "64k", "64KiB", "1M", "2GiB" (powers of 1024).
[[nodiscard]] Expected<Bytes> parse_size(std::string_view text);

}  // namespace slack::client

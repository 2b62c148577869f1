// Reads quantities exactly: in integers, never through floating point.
#include "client/quantity.hpp"

#include <array>
#include <optional>
#include <span>
#include <string>

namespace slack::client {
namespace {

struct Unit {
  std::string_view suffix;
  std::uint64_t factor;
};

constexpr std::array kFuelUnits{Unit{"", 1}, Unit{"K", 1'000}, Unit{"M", 1'000'000}, Unit{"G", 1'000'000'000},
                                Unit{"T", 1'000'000'000'000}};
constexpr std::array kTimeUnits{Unit{"us", 1}, Unit{"ms", 1'000}, Unit{"s", 1'000'000}, Unit{"min", 60'000'000},
                                Unit{"h", 3'600'000'000}};
constexpr std::array kSizeUnits{
    Unit{"", 1},
    Unit{"B", 1},
    Unit{"K", std::uint64_t{1} << 10},
    Unit{"KiB", std::uint64_t{1} << 10},
    Unit{"M", std::uint64_t{1} << 20},
    Unit{"MiB", std::uint64_t{1} << 20},
    Unit{"G", std::uint64_t{1} << 30},
    Unit{"GiB", std::uint64_t{1} << 30},
    Unit{"T", std::uint64_t{1} << 40},
    Unit{"TiB", std::uint64_t{1} << 40},
};

std::optional<std::uint64_t> multiply(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

// Takes the digits at the front of `text`.
std::string_view take_digits(std::string_view& text) {
  std::size_t n = 0;
  while (n < text.size() && text[n] >= '0' && text[n] <= '9') ++n;
  const std::string_view digits = text.substr(0, n);
  text.remove_prefix(n);
  return digits;
}

std::optional<std::uint64_t> to_number(std::string_view digits) {
  std::uint64_t number = 0;
  for (const char digit : digits) {
    const auto shifted = multiply(number, 10);
    if (!shifted || __builtin_add_overflow(*shifted, static_cast<std::uint64_t>(digit - '0'), &number))
      return std::nullopt;
  }
  return number;
}

std::optional<std::uint64_t> power_of_ten(std::uint64_t exponent) {
  std::optional<std::uint64_t> power = 1;
  for (; exponent > 0 && power; --exponent) power = multiply(*power, 10);
  return power;
}

// DIGITS[.DIGITS][eDIGITS]SUFFIX as a whole number of the smallest unit.
std::optional<std::uint64_t> parse(std::string_view text, std::span<const Unit> units, bool exponent_allowed) {
  const std::string_view whole = take_digits(text);
  std::string_view decimals;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    decimals = take_digits(text);
    if (decimals.empty()) return std::nullopt;
  }
  if (whole.empty()) return std::nullopt;
  std::optional<std::uint64_t> scale = 1;
  if (exponent_allowed && text.starts_with('e')) {
    text.remove_prefix(1);
    const std::string_view digits = take_digits(text);
    const auto exponent = to_number(digits);
    if (digits.empty() || !exponent) return std::nullopt;
    scale = *exponent > 19 ? std::nullopt : power_of_ten(*exponent);
    if (!scale) return std::nullopt;
  }
  for (const Unit& unit : units) {
    if (unit.suffix != text) continue;
    scale = multiply(*scale, unit.factor);
    while (decimals.ends_with('0')) decimals.remove_suffix(1);
    const auto divisor = power_of_ten(decimals.size());
    const auto number = to_number(std::string(whole) + std::string(decimals));
    if (!scale || !divisor || !number) return std::nullopt;
    // number / divisor is the figure as written. What the divisor and the scale share goes first, so that a long row
    // of decimals does not overflow on the way to a result that fits.
    std::uint64_t left = *divisor;
    std::uint64_t right = *scale;
    for (const std::uint64_t prime : {2u, 5u})
      while (left % prime == 0 && right % prime == 0) left /= prime, right /= prime;
    if (*number % left != 0) return std::nullopt;
    return multiply(*number / left, right);
  }
  return std::nullopt;
}

tl::unexpected<Fault> refuse(std::string_view text, std::string_view expected) {
  return fail(Fault{EINVAL, "'" + std::string(text) + "' is not " + std::string(expected)});
}

}  // namespace

Expected<Fuel> parse_fuel(std::string_view text) {
  if (text == "unlimited") return kUnlimitedFuel;
  const auto count = parse(text, kFuelUnits, true);
  if (!count)
    return refuse(text, "an amount of fuel: write a whole number like 1000000, 1e6, 5M or 2.5G, or unlimited");
  return Fuel(*count);
}

Expected<Micros> parse_duration(std::string_view text) {
  if (text == "unlimited") return kUnlimitedTime;
  const auto count = parse(text, kTimeUnits, false);
  if (!count) return refuse(text, "a duration: write a number with us, ms, s, min or h, like 250ms, or unlimited");
  return Micros(*count);
}

Expected<Bytes> parse_size(std::string_view text) {
  const auto count = parse(text, kSizeUnits, false);
  if (!count) return refuse(text, "a size: write a number of bytes, or one with K, M or G, like 64M or 2GiB");
  return Bytes(*count);
}

}  // namespace slack::client

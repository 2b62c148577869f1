// Reads quantities exactly: in integers, never through floating point.
#include "client/quantity.hpp"

#include <algorithm>
#include <array>
#include <limits>
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

// Units of one letter are taken in both cases, and so are KiB and kib: none of them means two things.
enum class Case { matters, ignored };

bool is_unit(std::string_view text, std::string_view suffix, Case how) {
  const auto lower = [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
  };
  if (how == Case::matters) return text == suffix;
  return std::ranges::equal(text, suffix, {}, lower, lower);
}

enum class Wrong { form, unit_missing, fraction, size };
using Parsed = tl::expected<std::uint64_t, Wrong>;

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
Parsed parse(std::string_view text, std::span<const Unit> units, Case letters) {
  const auto wrong = [](Wrong how) { return tl::unexpected<Wrong>(how); };
  const std::string_view whole = take_digits(text);
  std::string_view decimals;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    decimals = take_digits(text);
    if (decimals.empty()) return wrong(Wrong::form);
  }
  if (whole.empty()) return wrong(Wrong::form);
  std::optional<std::uint64_t> scale = 1;
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    const std::string_view digits = take_digits(text);
    if (digits.empty()) return wrong(Wrong::form);
    const auto exponent = to_number(digits);
    scale = !exponent || *exponent > 19 ? std::nullopt : power_of_ten(*exponent);
  }
  for (const Unit& unit : units) {
    if (!is_unit(text, unit.suffix, letters)) continue;
    if (scale) scale = multiply(*scale, unit.factor);
    while (decimals.ends_with('0')) decimals.remove_suffix(1);
    const auto divisor = power_of_ten(decimals.size());
    const auto number = to_number(std::string(whole) + std::string(decimals));
    // More decimals than any unit has.
    if (!divisor || (!number && !decimals.empty())) return wrong(Wrong::fraction);
    if (!scale || !number) return wrong(Wrong::size);
    // number / divisor is the figure as written. What the divisor and the scale share goes first, so that a long row
    // of decimals does not overflow on the way to a result that fits.
    std::uint64_t left = *divisor;
    std::uint64_t right = *scale;
    for (const std::uint64_t prime : {2u, 5u})
      while (left % prime == 0 && right % prime == 0) left /= prime, right /= prime;
    if (*number % left != 0) return wrong(Wrong::fraction);
    const auto product = multiply(*number / left, right);
    // The largest of all means unlimited.
    if (!product || *product == std::numeric_limits<std::uint64_t>::max()) return wrong(Wrong::size);
    return *product;
  }
  return wrong(text.empty() ? Wrong::unit_missing : Wrong::form);
}

// What stands behind the quoted text, by what is wrong with it; `form` also says what would be right.
struct Words {
  std::string_view kind;   // "a duration"
  std::string_view least;  // what it has to be a whole number of
  std::string_view form;
  std::string_view range;
};

tl::unexpected<Fault> refuse(std::string_view text, Wrong how, const Words& words) {
  std::string sentence = "'" + std::string(text) + "' ";
  if (how == Wrong::size)
    sentence += "is " + std::string(words.range);
  else if (how == Wrong::form)
    sentence += "is not " + std::string(words.kind) + ": " + std::string(words.form);
  else if (how == Wrong::unit_missing)
    sentence += "has no unit: " + std::string(words.form);
  else
    sentence += "is not a whole number of " + std::string(words.least) + ": " + std::string(words.form);
  return fail(Fault{EINVAL, std::move(sentence)});
}

constexpr Words kFuelWords{
    "an amount of fuel", "units of fuel",
    "write a number like 1000000 or 1e6, one with K, M, G or T (powers of 1000) like 5M or 2.5G, or unlimited",
    "more fuel than can be counted: write 0 to 18446744073709551614, or unlimited"};
constexpr Words kDurationWords{"a duration", "microseconds",
                               "write a number with us, ms, s, min or h, like 250ms, 1.5s or 0us, or unlimited",
                               "longer than can be counted: write 0us to 5000000000h, or unlimited"};
constexpr Words kSizeWords{
    "a size", "bytes",
    "write a number of bytes like 65536 or 1e6, or one with K, M, G or T (powers of 1024), like 64M or 2GiB",
    "more than can be counted: write 0 to 16777215T"};

}  // namespace

Expected<Fuel> parse_fuel(std::string_view text) {
  if (text == "unlimited") return kUnlimitedFuel;
  const auto count = parse(text, kFuelUnits, Case::ignored);
  if (!count) return refuse(text, count.error(), kFuelWords);
  return Fuel(*count);
}

Expected<Micros> parse_duration(std::string_view text) {
  if (text == "unlimited") return kUnlimitedTime;
  const auto count = parse(text, kTimeUnits, Case::matters);
  if (!count) return refuse(text, count.error(), kDurationWords);
  return Micros(*count);
}

Expected<Bytes> parse_size(std::string_view text) {
  const auto count = parse(text, kSizeUnits, Case::ignored);
  if (!count) return refuse(text, count.error(), kSizeWords);
  return Bytes(*count);
}

}  // namespace slack::client

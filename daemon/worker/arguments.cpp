// Parses and prints typed values.
#include "daemon/worker/arguments.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "daemon/base/wasm_numbers.hpp"

namespace slack::worker {
namespace {

using image::ValueType;
using services::Value;

// The sign is taken off; true if it was a minus.
bool take_sign(std::string_view& text) {
  if (text.empty() || (text.front() != '-' && text.front() != '+')) return false;
  const bool minus = text.front() == '-';
  text.remove_prefix(1);
  return minus;
}

bool take_hex_prefix(std::string_view& text) {
  if (!text.starts_with("0x") && !text.starts_with("0X")) return false;
  text.remove_prefix(2);
  return true;
}

template <typename Unsigned>
tl::expected<Value, std::string> parse_integer(std::string_view text) {
  constexpr int kBits = std::numeric_limits<Unsigned>::digits;
  const std::string wrong = "\"" + std::string(text) + "\" is not an integer";
  std::string_view digits = text;
  const bool minus = take_sign(digits);
  const int base = take_hex_prefix(digits) ? 16 : 10;
  Unsigned magnitude = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), magnitude, base);
  if (error == std::errc::invalid_argument || end != digits.data() + digits.size()) return tl::unexpected(wrong);
  if (error == std::errc::result_out_of_range || (minus && magnitude > Unsigned{1} << (kBits - 1)))
    return tl::unexpected("\"" + std::string(text) + "\" does not fit into " + std::to_string(kBits) + " bits");
  return Value{minus ? static_cast<Unsigned>(Unsigned{0} - magnitude) : magnitude, 0};
}

template <typename Float, typename Bits>
tl::expected<Value, std::string> parse_float(std::string_view text) {
  const std::string wrong = "\"" + std::string(text) + "\" is not a number";
  std::string_view digits = text;
  const bool minus = take_sign(digits);
  const bool hexadecimal = take_hex_prefix(digits);
  // A second sign would be taken by from_chars; a payload is not offered.
  if (digits.empty() || digits.front() == '-' || digits.ends_with(')')) return tl::unexpected(wrong);
  Float number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number,
                                            hexadecimal ? std::chars_format::hex : std::chars_format::general);
  if (error == std::errc::invalid_argument || end != digits.data() + digits.size()) return tl::unexpected(wrong);
  if (error == std::errc::result_out_of_range)
    return tl::unexpected("\"" + std::string(text) + "\" is out of the type's range");
  if (std::isnan(number)) number = std::numeric_limits<Float>::quiet_NaN();
  return Value{std::bit_cast<Bits>(minus ? -number : number), 0};
}

template <typename Number>
std::string_view print(Number number, std::span<char> out) {
  const auto end = std::to_chars(out.data(), out.data() + out.size(), number).ptr;
  return {out.data(), static_cast<std::size_t>(end - out.data())};
}

std::string_view print_text(std::string_view text, std::span<char> out) {
  std::ranges::copy(text, out.begin());
  return {out.data(), text.size()};
}

// As print_vector prints one; leading zeros may be left out.
tl::expected<Value, std::string> parse_vector(std::string_view text) {
  constexpr std::size_t kDigitsOfHalf = 16;
  std::string_view digits = text;
  if (!take_hex_prefix(digits) || digits.empty() || digits.size() > 2 * kDigitsOfHalf)
    return tl::unexpected("\"" + std::string(text) + "\" is no vector: 0x and up to 32 hexadecimal digits");
  const std::size_t low_at = digits.size() > kDigitsOfHalf ? digits.size() - kDigitsOfHalf : 0;
  Value value{0, 0};
  const auto parse_half = [](std::string_view half, std::uint64_t& out) {
    const auto [end, error] = std::from_chars(half.data(), half.data() + half.size(), out, 16);
    return half.empty() || (error == std::errc() && end == half.data() + half.size());
  };
  if (!parse_half(digits.substr(0, low_at), value.high) || !parse_half(digits.substr(low_at), value.low))
    return tl::unexpected("\"" + std::string(text) + "\" is not a hexadecimal number");
  return value;
}

std::string_view print_vector(const Value& value, std::span<char> out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  out[0] = '0';
  out[1] = 'x';
  for (std::size_t i = 0; i < 32; ++i) {
    const std::uint64_t half = i < 16 ? value.high : value.low;
    out[2 + i] = kDigits[half >> (60 - 4 * (i % 16)) & 15];
  }
  return {out.data(), 34};
}

}  // namespace

tl::expected<Value, std::string> parse_value(ValueType type, std::string_view text) {
  switch (type) {
    case ValueType::i32:
      return parse_integer<std::uint32_t>(text);
    case ValueType::i64:
      return parse_integer<std::uint64_t>(text);
    case ValueType::f32:
      return parse_float<float, std::uint32_t>(text);
    case ValueType::f64:
      return parse_float<double, std::uint64_t>(text);
    case ValueType::funcref:
    case ValueType::externref:
      if (text == "null") return Value{0, 0};
      return tl::unexpected("only null can be given, not \"" + std::string(text) + "\"");
    case ValueType::v128:
      return parse_vector(text);
  }
  return tl::unexpected(std::string("values of this type cannot be given as text"));
}

tl::expected<void, std::string> parse_arguments(std::string_view function, std::span<const ValueType> parameters,
                                                std::span<const std::string> texts, std::span<Value> values) {
  if (texts.size() != parameters.size()) {
    std::string types;
    for (const ValueType type : parameters) {
      if (!types.empty()) types += ", ";
      types += value_type_name(static_cast<std::uint32_t>(type));
    }
    return tl::unexpected(std::string(function) + " takes " + std::to_string(parameters.size()) +
                          (parameters.size() == 1 ? " argument (" : " arguments (") + types + "), " +
                          std::to_string(texts.size()) + " given");
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    auto value = parse_value(parameters[i], texts[i]);
    if (!value)
      return tl::unexpected("parameter " + std::to_string(i + 1) + " of " + std::string(function) + " (" +
                            std::string(value_type_name(static_cast<std::uint32_t>(parameters[i]))) +
                            "): " + value.error());
    values[i] = *value;
  }
  return {};
}

std::string_view format_value(ValueType type, const Value& value, std::span<char> out) {
  switch (type) {
    case ValueType::i32:
      return print(static_cast<std::int32_t>(value.low), out);
    case ValueType::i64:
      return print(static_cast<std::int64_t>(value.low), out);
    case ValueType::f32:
      return print(std::bit_cast<float>(static_cast<std::uint32_t>(value.low)), out);
    case ValueType::f64:
      return print(std::bit_cast<double>(value.low), out);
    case ValueType::v128:
      return print_vector(value, out);
    case ValueType::funcref:
    case ValueType::externref:
      break;
  }
  return print_text(value.low == 0 ? "null" : "reference", out);
}

}  // namespace slack::worker

// The suite's JSON notation of values.
#include "tests/spec-run/values.hpp"

#include <string>
#include <string_view>

namespace slack::spec {

namespace {

constexpr std::uint64_t kCanonical32 = 0x7fc0'0000;
constexpr std::uint64_t kCanonical64 = 0x7ff8'0000'0000'0000;

constexpr std::uint64_t all_ones(unsigned bits) { return ~std::uint64_t{0} >> (64 - bits); }

// Of a numeric type, "i16" and "i8" of lanes among them.
unsigned bits_of(std::string_view type) {
  if (type == "i8") return 8;
  if (type == "i16") return 16;
  return type == "i32" || type == "f32" ? 32 : 64;
}

std::uint64_t parse_number(const std::string& text, unsigned bits) {
  const auto number = text.front() == '-' ? static_cast<std::uint64_t>(std::stoll(text)) : std::stoull(text);
  return number & all_ones(bits);
}

bool number_matches(const std::string& expected, std::string_view type, std::uint64_t number, bool canonical_nans) {
  const auto bits = bits_of(type);
  const auto canonical = bits == 32 ? kCanonical32 : kCanonical64;
  if (canonical_nans && expected.starts_with("nan:")) return number == canonical;
  if (expected == "nan:canonical") return (number & all_ones(bits - 1)) == canonical;
  if (expected == "nan:arithmetic") return (number & canonical) == canonical;
  return number == parse_number(expected, bits);
}

std::uint64_t lane_of(const services::Value& value, unsigned bits, std::size_t lane) {
  const auto at = bits * lane;
  return (at < 64 ? value.low >> at : value.high >> (at - 64)) & all_ones(bits);
}

}  // namespace

services::Value parse_value(const nlohmann::json& value) {
  const auto& type = value["type"].get_ref<const std::string&>();
  services::Value parsed{0, 0};
  if (type == "v128") {
    const auto bits = bits_of(value["lane_type"].get_ref<const std::string&>());
    std::size_t at = 0;
    for (const auto& lane : value["value"]) {
      const auto number = parse_number(lane.get_ref<const std::string&>(), bits);
      (at < 64 ? parsed.low : parsed.high) |= number << at % 64;
      at += bits;
    }
    return parsed;
  }
  const auto text = value.value("value", "");
  if (text == "null" || text.empty()) return parsed;
  parsed.low = parse_number(text, bits_of(type)) + (type == "externref" ? 1 : 0);
  return parsed;
}

bool matches(const nlohmann::json& expected, const services::Value& result, bool canonical_nans) {
  const auto& type = expected["type"].get_ref<const std::string&>();
  if (type == "v128") {
    const auto& lane_type = expected["lane_type"].get_ref<const std::string&>();
    const auto& lanes = expected["value"];
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      const auto lane = lane_of(result, bits_of(lane_type), i);
      if (!number_matches(lanes[i].get_ref<const std::string&>(), lane_type, lane, canonical_nans)) return false;
    }
    return lanes.size() * bits_of(lane_type) == 128;
  }
  const auto text = expected.value("value", "");
  if (type == "funcref" && text != "null") return result.low != 0;
  if (type == "funcref" || type == "externref") return result.low == parse_value(expected).low;
  return number_matches(text, type, result.low, canonical_nans);
}

nlohmann::json to_json(const services::Value& value) { return {value.low, value.high}; }

services::Value from_json(const nlohmann::json& value) {
  return {value.at(0).get<std::uint64_t>(), value.at(1).get<std::uint64_t>()};
}

}  // namespace slack::spec

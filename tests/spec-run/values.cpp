// The suite's JSON notation of values.
#include "tests/spec-run/values.hpp"

namespace slack::spec {

namespace {

constexpr std::uint64_t kCanonical32 = 0x7fc0'0000;
constexpr std::uint64_t kCanonical64 = 0x7ff8'0000'0000'0000;

}  // namespace

std::uint64_t parse_value(const nlohmann::json& value) {
  const auto& type = value["type"].get_ref<const std::string&>();
  const auto text = value.value("value", "");
  if (text == "null" || text.empty()) return 0;
  const auto number = text.front() == '-' ? static_cast<std::uint64_t>(std::stoll(text)) : std::stoull(text);
  if (type == "externref") return number + 1;
  return type == "i32" || type == "f32" ? static_cast<std::uint32_t>(number) : number;
}

bool matches(const nlohmann::json& expected, std::uint64_t low, bool canonical_nans) {
  const auto& type = expected["type"].get_ref<const std::string&>();
  const auto text = expected.value("value", "");
  if (type == "funcref" && text != "null") return low != 0;
  if (canonical_nans && text.starts_with("nan:")) return low == (type == "f32" ? kCanonical32 : kCanonical64);
  if (text == "nan:canonical") {
    return type == "f32" ? (low & 0x7fff'ffff) == kCanonical32 : (low & 0x7fff'ffff'ffff'ffff) == kCanonical64;
  }
  if (text == "nan:arithmetic") {
    return type == "f32" ? (low & kCanonical32) == kCanonical32 : (low & kCanonical64) == kCanonical64;
  }
  return low == parse_value(expected);
}

}  // namespace slack::spec

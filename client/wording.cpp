// Rewrites sentences of the daemon.
#include "client/wording.hpp"

#include <array>
#include <charconv>
#include <span>
#include <utility>

#include "daemon/wire/run_options.hpp"

namespace slack::client {
namespace {

// Options of RunModule whose name on the command line is another, or that slackctl fills in by itself.
constexpr std::pair<std::string_view, std::string_view> kWords[] = {
    {"fuel", "--fuel"},
    {"slack_usec", "--slack"},
    {"wall_usec", "--wall"},
    {"cpu_usec", "--cpu"},
    {"memory_bytes", "--memory"},
    {"output_bytes", "--output"},
    {"env", "--env"},
    {"stdin", "standard input"},
    {"stdout", "standard output"},
    {"stderr", "standard error"},
    {"dirs", "--dir"},
    {"links", "--link"},
    {"invoke", "--invoke"},
    {"metering", "--metering"},
    {"output", "--stream"},
    {"keep_output", "--keep-output"},
    {"cache", "--no-cache"},
    {"deterministic", "--deterministic"},
    {"measure", "--measure"},
    {"name", "the module's name"},
};

constexpr std::string_view kBefore = "option '";

std::string_view word_for(std::string_view option) {
  for (const auto& [name, word] : kWords)
    if (name == option) return word;
  return {};
}

std::string_view unit_of(std::string_view option) {
  for (const auto& row : run_option_table())
    if (row.name == option) return row.unit;
  return {};
}

std::string in_unit(std::uint64_t number, std::string_view unit) {
  if (unit == "bytes") return exact_text(Bytes(number));
  if (unit == "microseconds") return exact_text(Micros(number));
  return std::to_string(number);
}

// Every whole number of `text` with its unit. Digits that belong to a word stay.
std::string with_units(std::string_view text, std::string_view unit) {
  std::string result;
  while (!text.empty()) {
    std::uint64_t number = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    const bool apart = result.empty() || result.back() == ' ';
    if (read.ec == std::errc() && apart) {
      result += in_unit(number, unit);
      text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    } else {
      result += text.front();
      text.remove_prefix(1);
    }
  }
  return result;
}

struct Unit {
  std::uint64_t factor;
  std::string_view name;
};

std::string in_greatest(std::uint64_t number, std::span<const Unit> units) {
  for (const Unit& unit : units)
    if (number != 0 && number % unit.factor == 0) return std::to_string(number / unit.factor).append(unit.name);
  return std::to_string(number).append(units.back().name);
}

}  // namespace

std::string exact_text(Bytes size) {
  static constexpr std::array kUnits{Unit{std::uint64_t{1} << 30, "GiB"}, Unit{std::uint64_t{1} << 20, "MiB"},
                                     Unit{std::uint64_t{1} << 10, "KiB"}, Unit{1, "B"}};
  return in_greatest(size.count(), kUnits);
}

std::string exact_text(Micros duration) {
  if (duration == kUnlimitedTime) return "unlimited";
  static constexpr std::array kUnits{Unit{1'000'000, "s"}, Unit{1'000, "ms"}, Unit{1, "us"}};
  return in_greatest(duration.count(), kUnits);
}

std::string in_command_line_words(std::string_view sentence) {
  std::string result;
  std::string_view unit;
  for (;;) {
    const auto found = sentence.find(kBefore);
    const auto end = found == std::string_view::npos ? found : sentence.find('\'', found + kBefore.size());
    result += with_units(sentence.substr(0, end == std::string_view::npos ? sentence.size() : found), unit);
    if (end == std::string_view::npos) return result;
    const std::string_view option = sentence.substr(found + kBefore.size(), end - found - kBefore.size());
    const std::string_view word = word_for(option);
    result += word.empty() ? sentence.substr(found, end + 1 - found) : word;
    if (unit = unit_of(option); word.empty()) unit = {};
    sentence.remove_prefix(end + 1);
  }
}

}  // namespace slack::client

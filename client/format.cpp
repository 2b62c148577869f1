// Puts results into words.
#include "client/format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <optional>

#include "client/exit_code.hpp"
#include "daemon/base/utf8.hpp"

namespace slack::client {
namespace {

// ", consumed 1,000,123 of 1,000,000 (exact)"; the separator is the caller's.
std::string fuel_phrase(const RunResult& result) {
  if (!result.fuel_consumed) return "";
  std::string text = "consumed " + grouped(*result.fuel_consumed);
  if (result.fuel_limit && Fuel(*result.fuel_limit) != kUnlimitedFuel)
    text += " of " + grouped(*result.fuel_limit);
  else
    text += " fuel";
  if (result.fuel_exact) text += *result.fuel_exact ? " (exact)" : " (as last published)";
  return text;
}

// "after 2.00 s (1.98 s of CPU time)"
std::string time_phrase(const RunResult& result) {
  if (!result.run_usec) return "";
  std::string text = "after " + duration_text(Micros(*result.run_usec));
  if (result.cpu_usec) text += " (" + duration_text(Micros(*result.cpu_usec)) + " of CPU time)";
  return text;
}

std::string reason_or(const RunResult& result, std::string_view otherwise) {
  return result.reason && !result.reason->empty() ? printable(*result.reason) : std::string(otherwise);
}

std::string padded(std::string_view text, std::size_t width) {
  std::string cell(text);
  cell.resize(std::max(width, cell.size()), ' ');
  return cell;
}

void append(std::string& text, std::string_view separator, const std::string& part) {
  if (!part.empty()) text.append(separator).append(part);
}

std::string where(const std::optional<std::uint64_t>& offset) {
  return offset ? fmt::format("at offset {:#x}", *offset) : "";
}

std::string trap_place(const RunResult& result) {
  std::string text;
  if (result.trap_function) append(text, " in function ", printable(*result.trap_function));
  append(text, " ", where(result.trap_offset));
  return text;
}

std::string trap_text(const RunResult& result) {
  std::string text = "trap: " + (result.trap ? printable(*result.trap) : std::string("unknown trap"));
  text += trap_place(result);
  append(text, ", ", fuel_phrase(result));
  return text;
}

std::string out_of_fuel_text(const RunResult& result) {
  std::string text = "out of fuel";
  append(text, ": ", fuel_phrase(result));
  if (result.stop_latency_usec)
    append(text, ", stopped ", duration_text(Micros(*result.stop_latency_usec)) + " after the limit");
  return text;
}

// Verdicts that came from outside the module: why, after how long, and how much fuel until then.
std::string stopped_text(std::string_view verdict, const std::string& why, const RunResult& result) {
  std::string text = std::string(verdict) + ": " + why;
  append(text, " ", time_phrase(result));
  append(text, ", ", fuel_phrase(result));
  if (result.trap) append(text, ", ", printable(*result.trap) + trap_place(result));
  return text;
}

// The reason last: it may be somebody else's doing, and what was used is the run's.
std::string killed_text(const RunResult& result) {
  std::string text = "killed";
  append(text, " ", time_phrase(result));
  append(text, ", ", fuel_phrase(result));
  if (result.trap) append(text, ", ", printable(*result.trap) + trap_place(result));
  return text + ": " + reason_or(result, meaning_of(Verdict::killed));
}

// The monitor names a deadline by its clock.
std::string deadline_text(const RunResult& result) {
  if (result.reason == "wall") return "wall-clock deadline passed";
  if (result.reason == "cpu") return "CPU-time deadline passed";
  return reason_or(result, meaning_of(Verdict::deadline));
}

// A limit comes with its name, one word; anything longer is a sentence already.
std::string limit_text(const RunResult& result) {
  const std::string why = reason_or(result, meaning_of(Verdict::limit));
  return why.find(' ') == std::string::npos ? "no more " + why + " allowed" : why;
}

}  // namespace

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string duration_text(Micros duration) {
  const std::uint64_t us = duration.count();
  if (us < 1'000) return fmt::format("{} us", us);
  // Decimals are cut, not rounded, so that no figure is shown as the next unit's 1000.
  if (us < 1'000'000) return fmt::format("{}.{} ms", us / 1'000, us % 1'000 / 100);
  if (us < 60'000'000) return fmt::format("{}.{:02} s", us / 1'000'000, us % 1'000'000 / 10'000);
  return fmt::format("{} min {} s", grouped(us / 60'000'000), us % 60'000'000 / 1'000'000);
}

std::string size_text(Bytes size) {
  static constexpr std::string_view kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  std::size_t unit = 0;
  std::uint64_t whole = size.count();
  std::uint64_t rest = 0;
  for (; whole >= 1024; ++unit) {
    rest = whole % 1024;
    whole /= 1024;
  }
  return unit == 0 ? fmt::format("{} B", whole) : fmt::format("{}.{} {}", whole, rest * 10 / 1024, kUnits[unit]);
}

std::string fuel_limit_text(Fuel limit) { return limit == kUnlimitedFuel ? "unlimited" : grouped(limit.count()); }

std::string printable(std::string_view hostile) {
  std::string text;
  while (!hostile.empty()) {
    const std::size_t length = utf8_sequence(hostile);
    const std::string_view sequence = hostile.substr(0, std::max<std::size_t>(length, 1));
    if (length != 0 && !is_control(sequence))
      text += sequence;
    else
      for (const char byte : sequence) text += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    hostile.remove_prefix(sequence.size());
  }
  return text;
}

std::string as_utf8(std::string_view bytes, std::size_t most) {
  std::string text;
  while (!bytes.empty()) {
    const std::size_t length = utf8_sequence(bytes);
    const std::string_view next = length == 0 ? "\xef\xbf\xbd" : bytes.substr(0, length);
    if (text.size() + next.size() > most) break;
    text += next;
    bytes.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return text;
}

std::string verdict_line(std::string_view name, const RunResult& result) {
  std::string text;
  switch (result.verdict) {
    case Verdict::ok:
      if (!result.reason) return "";
      text = "ok, but: " + printable(*result.reason);
      break;
    case Verdict::trap:
      text = trap_text(result);
      break;
    case Verdict::out_of_fuel:
      text = out_of_fuel_text(result);
      break;
    case Verdict::deadline:
      text = stopped_text("deadline", deadline_text(result), result);
      break;
    case Verdict::limit:
      text = stopped_text("limit", limit_text(result), result);
      break;
    case Verdict::killed:
      text = killed_text(result);
      break;
    case Verdict::refused:
      text = "refused: " + reason_or(result, meaning_of(Verdict::refused));
      append(text, " ", where(result.offset));
      break;
    case Verdict::crashed:
      text = stopped_text("crashed", reason_or(result, meaning_of(Verdict::crashed)), result);
      break;
  }
  return fmt::format("slackctl: {}: {}", printable(name), text);
}

std::string stopped_by_signal(int number) {
  if (number == SIGINT) return "stopped by SIGINT (Ctrl-C)";
  const char* const name = ::sigabbrev_np(number);
  return name != nullptr ? std::string("stopped by SIG") + name : "stopped by signal " + std::to_string(number);
}

std::string stats_text(std::string_view name, const RunResult& result) {
  std::string text;
  // Where there is a verdict line, that is the headline.
  if (verdict_line(name, result).empty()) {
    text = fmt::format("slackctl: {}: {}", printable(name), name_of(result.verdict));
    if (result.exit_code) text += fmt::format(", exit code {}", *result.exit_code);
    text += '\n';
  }
  const auto line = [&text](std::string_view topic, const std::vector<std::string>& parts) {
    if (parts.empty()) return;
    text += "  " + padded(topic, 9) + parts.front();
    for (std::size_t i = 1; i < parts.size(); ++i) text += ", " + parts[i];
    text += '\n';
  };
  const auto part = [](std::vector<std::string>& parts, const std::optional<std::uint64_t>& value, auto put) {
    if (value) parts.push_back(put(*value));
  };
  const auto time = [](std::string_view words) {
    return [words](std::uint64_t us) { return fmt::format("{} {}", duration_text(Micros(us)), words); };
  };
  const auto count = [](std::string_view words) {
    return [words](std::uint64_t n) { return fmt::format("{} {}", grouped(n), words); };
  };

  std::vector<std::string> fuel;
  std::vector<std::string> times;
  std::vector<std::string> memory;
  std::vector<std::string> monitor;
  std::vector<std::string> region;
  if (result.fuel_consumed) fuel.push_back(fuel_phrase(result));
  part(times, result.run_usec, time("running"));
  part(times, result.cpu_usec, time("of CPU time"));
  if (result.cache == "hit")
    times.push_back("compiled before");
  else
    part(times, result.compile_usec, time("compiling"));
  part(memory, result.peak_memory_bytes, [](std::uint64_t n) { return size_text(Bytes(n)) + " at its peak"; });
  part(monitor, result.looks, count("looks"));
  part(monitor, result.arms, count("arms"));
  part(monitor, result.stop_latency_usec, time("from the limit to the stop (estimate)"));
  part(region, result.bench_usec, time("between bench.start and bench.end"));
  part(region, result.bench_fuel, count("fuel"));
  line("fuel", fuel);
  line("time", times);
  line("memory", memory);
  line("monitor", monitor);
  line("measured", region);
  return text;
}

std::string table_text(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += padded(row[i], widths[i] + 2);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

int exit_code_of(const RunResult& result) {
  // The command line is what was wrong, as only the module could tell.
  if (result.verdict == Verdict::refused && result.misinvoked.value_or(false)) return kExitUsage;
  if (result.verdict != Verdict::ok) return slack::exit_code_of(result.verdict);
  // The module ended well, its output did not reach the caller: that must not look like success.
  if (result.reason) return kExitOutput;
  return static_cast<int>(static_cast<std::uint32_t>(result.exit_code.value_or(0)) % 256);
}

}  // namespace slack::client

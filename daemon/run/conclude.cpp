// Draws results from outcomes. A worker's report is hostile: each field is checked or only ever shown.
#include "daemon/run/conclude.hpp"

#include <algorithm>

#include "daemon/base/utf8.hpp"
#include "daemon/wire/trap.hpp"

namespace slack::run {
namespace {

std::string text_of(const wire::WorkerReport& report) {
  return printable(std::string_view(report.text, std::min<std::size_t>(report.text_bytes, sizeof report.text)));
}

void say_where(const wire::WorkerReport& report, const image::ImageView* image, RunResult& result) {
  result.trap = message_of(static_cast<Trap>(report.trap));
  std::uint32_t function = report.function;
  if (report.offset != wire::kUnknown) {
    result.trap_offset = report.offset;
  } else if (image != nullptr) {
    // A memory trap or stack exhaustion: the worker knows the instruction, the image knows whose it is.
    if (const auto line = image->line_at(report.pc)) {
      result.trap_offset = line->offset;
      if (function == wire::kUnknown) function = line->function;
    }
  }
  if (image == nullptr) return;
  if (function != wire::kUnknown)
    result.trap_function = printable(image->function_name_in(report.instance, function));
  else if (const auto name = image->function_at(report.pc))
    result.trap_function = printable(*name);
}

// It ended by its own check of the epoch, for the reason that the verdict tells: where it stood is worth knowing.
bool was_interrupted(const wire::WorkerReport& report) {
  return report.end == wire::End::trapped && report.trap == static_cast<std::uint32_t>(Trap::interrupt);
}

void add_report(const wire::WorkerReport& report, const Evidence& evidence, RunResult& result) {
  if (result.verdict == Verdict::ok) result.exit_code = report.end == wire::End::exited ? report.exit_code : 0;
  if (result.verdict == Verdict::trap || was_interrupted(report)) say_where(report, evidence.image.get(), result);
  if (result.verdict == Verdict::refused && report.end == wire::End::misinvoked) result.misinvoked = true;
  if (evidence.options.measure && report.has_bench == 1) {
    result.bench_usec = report.bench_nsec / 1000;
    if (counts_fuel(evidence.options.metering)) result.bench_fuel = report.bench_fuel;
  }
}

RunResult begin(Verdict verdict, const Evidence& evidence) {
  RunResult result;
  result.verdict = verdict;
  if (evidence.options.fuel != kUnlimitedFuel) result.fuel_limit = evidence.options.fuel.count();
  if (!evidence.cache.empty()) result.cache = evidence.cache;
  if (evidence.compile_time) result.compile_usec = evidence.compile_time->count();
  return result;
}

// Code that counts without publishing tells its fuel at its end; a run that was ended before that has consumed nobody
// knows how much, not nothing.
bool is_known(const monitor::Outcome& outcome, Metering metering) {
  if (!outcome.fuel || !counts_fuel(metering)) return false;
  return halt_of(metering) == monitor::Halt::park || outcome.fuel_exact || *outcome.fuel > Fuel(0);
}

}  // namespace

monitor::Halt halt_of(Metering metering) {
  switch (metering) {
    case Metering::slacked:
      return monitor::Halt::park;
    case Metering::epoch:
      return monitor::Halt::interrupt;
    case Metering::none:
    case Metering::counted:
    case Metering::checked:
      break;
  }
  return monitor::Halt::kill;
}

RunResult conclude(const monitor::Outcome& outcome, const Evidence& evidence) {
  RunResult result = begin(outcome.verdict, evidence);
  if (!outcome.reason.empty()) result.reason = printable(outcome.reason);
  if (is_known(outcome, evidence.options.metering)) {
    result.fuel_consumed = outcome.fuel->count();
    result.fuel_exact = outcome.fuel_exact;
  }
  if (outcome.stop_latency) result.stop_latency_usec = outcome.stop_latency->count();
  result.looks = outcome.looks;
  result.arms = outcome.arms;
  result.run_usec = outcome.run_time.count();
  result.cpu_usec = outcome.cpu_time.count();
  result.peak_memory_bytes = outcome.peak_memory.count();
  if (outcome.report) add_report(*outcome.report, evidence, result);
  if (result.reason == result.trap) result.reason.reset();  // said once
  return result;
}

RunResult conclude(const EarlyEnd& end, const Evidence& evidence) {
  RunResult result = begin(end.verdict, evidence);
  if (!end.reason.empty()) result.reason = printable(end.reason);
  if (end.offset) result.offset = end.offset->count();
  if (end.report) add_report(*end.report, evidence, result);
  return result;
}

EarlyEnd end_of(const wire::WorkerReport& report) {
  const std::string text = text_of(report);
  switch (report.end) {
    case wire::End::refused:
    case wire::End::misinvoked:
      return {Verdict::refused, text, {}, report};
    case wire::End::limit:
      return {Verdict::limit, text, {}, report};
    case wire::End::trapped:
      return {Verdict::trap, text, {}, report};
    case wire::End::fault:
      return {Verdict::crashed, "worker: " + text, {}, report};
    case wire::End::returned:
    case wire::End::exited:
      break;
  }
  return {Verdict::crashed, "the worker reported its end before it was told to go", {}, {}};
}

std::string printable(std::string_view text, std::size_t most) {
  std::string clean;
  while (!text.empty()) {
    std::size_t length = utf8_sequence(text);
    if (clean.size() + std::max<std::size_t>(length, 1) > most) break;
    if (length == 0 || is_control(text.substr(0, length))) {
      clean += '?';
      length = std::max<std::size_t>(length, 1);
    } else {
      clean += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return clean;
}

}  // namespace slack::run

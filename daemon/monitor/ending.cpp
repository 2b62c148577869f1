// Reads reports and names deaths.
#include "daemon/monitor/ending.hpp"

#include <signal.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "daemon/wire/trap.hpp"

namespace slack::monitor {
namespace {

Cause crashed(std::string reason) { return Cause{Verdict::crashed, std::move(reason)}; }

std::string text_of(const wire::WorkerReport& report) { return std::string(report.text, report.text_bytes); }

Cause cause_of(const wire::WorkerReport& report) {
  switch (report.end) {
    case wire::End::returned:
    case wire::End::exited:
      return Cause{Verdict::ok, {}};
    case wire::End::trapped:
      // What slackd asked for has a cause already, and this one does not count.
      if (report.trap == static_cast<std::uint32_t>(Trap::interrupt))
        return crashed("the worker was interrupted from outside slackd");
      return Cause{Verdict::trap, std::string(message_of(static_cast<Trap>(report.trap)))};
    case wire::End::limit:
      return Cause{Verdict::limit, text_of(report)};
    case wire::End::refused:
    case wire::End::misinvoked:
      return Cause{Verdict::refused, text_of(report)};
    case wire::End::fault:
      return crashed(text_of(report));
  }
  return crashed("the worker's report names end " + std::to_string(static_cast<std::uint32_t>(report.end)) +
                 ", which does not exist");
}

// A memory trap and a stack exhaustion are found by their page fault: the report has a pc, and its fuel is the last
// published figure.
bool is_exact(const wire::WorkerReport& report) {
  return report.end != wire::End::trapped || report.offset != wire::kUnknown;
}

std::string signal_text(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(signal);
}

}  // namespace

Testimony read_testimony(std::span<const std::byte> message) {
  Testimony testimony;
  if (message.size() != sizeof(wire::WorkerReport)) {
    testimony.cause = crashed("the worker sent " + std::to_string(message.size()) + " bytes that are no report");
    return testimony;
  }
  wire::WorkerReport report;
  std::memcpy(&report, message.data(), sizeof report);
  report.frames = std::min(report.frames, wire::kMaxBacktrace);
  report.text_bytes = std::min(report.text_bytes, static_cast<std::uint32_t>(sizeof report.text));
  testimony.cause = cause_of(report);
  testimony.fuel = Fuel(report.fuel);
  testimony.fuel_exact = is_exact(report);
  testimony.report = report;
  return testimony;
}

Cause in_time(Cause told, TimeSpent spent) {
  if (told.verdict == Verdict::crashed || !(spent.wall || spent.cpu)) return told;
  return Cause{Verdict::deadline, spent.wall ? "wall" : "cpu"};
}

Cause name_death(int code, int status, bool cpu_spent) {
  if (code == CLD_EXITED) return crashed("the worker exited with status " + std::to_string(status) + " and no report");
  if (code != CLD_KILLED && code != CLD_DUMPED) return crashed("the worker died in a way that was not told");
  switch (status) {
    case SIGSYS:
      return crashed("the worker made a system call that its seccomp filter forbids (SIGSYS)");
    case SIGXCPU:
      return cpu_spent ? Cause{Verdict::deadline, "cpu"} : Cause{Verdict::limit, "cpu"};
    case SIGXFSZ:
      return Cause{Verdict::limit, "file size"};
    case SIGKILL:
      if (cpu_spent) return Cause{Verdict::deadline, "cpu"};
      return crashed("the worker was killed from outside slackd, or for want of memory (SIGKILL)");
    default:
      return crashed("the worker died of " + signal_text(status));
  }
}

}  // namespace slack::monitor

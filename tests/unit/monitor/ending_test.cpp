// Reports, honest and hostile, and deaths, read as causes.
#include "daemon/monitor/ending.hpp"

#include <signal.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "daemon/base/socket.hpp"
#include "daemon/wire/trap.hpp"

using namespace slack;
using namespace slack::monitor;

namespace {

wire::WorkerReport report_of(wire::End end) {
  wire::WorkerReport report{};
  report.end = end;
  report.fuel = 77;
  report.offset = 5;
  std::strcpy(report.text, "output");
  report.text_bytes = 6;
  return report;
}

}  // namespace

TEST_CASE("each end of a report has its verdict") {
  const auto verdict = [](wire::End end) { return read_testimony(bytes_of(report_of(end))).cause.verdict; };
  CHECK(verdict(wire::End::returned) == Verdict::ok);
  CHECK(verdict(wire::End::exited) == Verdict::ok);
  CHECK(verdict(wire::End::trapped) == Verdict::trap);
  CHECK(verdict(wire::End::limit) == Verdict::limit);
  CHECK(verdict(wire::End::refused) == Verdict::refused);
  CHECK(verdict(wire::End::misinvoked) == Verdict::refused);
  CHECK(verdict(wire::End::fault) == Verdict::crashed);
  CHECK(read_testimony(bytes_of(report_of(wire::End::limit))).cause.reason == "output");
}

TEST_CASE("an interrupt that nobody asked for is no trap of the module's") {
  auto report = report_of(wire::End::trapped);
  report.trap = static_cast<std::uint32_t>(Trap::interrupt);
  CHECK(read_testimony(bytes_of(report)).cause.verdict == Verdict::crashed);
  CHECK(read_testimony(bytes_of(report)).cause.reason == "the worker was interrupted from outside slackd");
}

TEST_CASE("fuel of a report is exact, but at a trap that was found by a page fault") {
  auto report = report_of(wire::End::trapped);
  CHECK(read_testimony(bytes_of(report)).fuel_exact);
  CHECK(read_testimony(bytes_of(report)).fuel == Fuel(77));
  report.offset = wire::kUnknown;
  CHECK_FALSE(read_testimony(bytes_of(report)).fuel_exact);
}

TEST_CASE("a message that is no report is a crash, whatever its size") {
  const std::vector<std::byte> bytes(sizeof(wire::WorkerReport) + 1);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, bytes.size() - 2, bytes.size()}) {
    const Testimony testimony = read_testimony(std::span(bytes).first(size));
    CHECK(testimony.cause.verdict == Verdict::crashed);
    CHECK_FALSE(testimony.report);
    CHECK_FALSE(testimony.fuel);
  }
}

TEST_CASE("a hostile report's counts are clamped and its numbers do not index anything") {
  auto report = report_of(wire::End::trapped);
  report.trap = 0xffff'ffff;
  report.frames = 0xffff'ffff;
  report.text_bytes = 0xffff'ffff;
  const Testimony trapped = read_testimony(bytes_of(report));
  CHECK(trapped.cause.reason == "unknown trap");
  CHECK(trapped.report->frames == wire::kMaxBacktrace);
  CHECK(trapped.report->text_bytes == sizeof report.text);
  report.end = static_cast<wire::End>(99);
  const Testimony unknown = read_testimony(bytes_of(report));
  CHECK(unknown.cause.verdict == Verdict::crashed);
  CHECK(unknown.cause.reason.find("99") != std::string::npos);
}

TEST_CASE("an end after the time was over is the deadline, but for a crash") {
  for (const Verdict verdict : {Verdict::ok, Verdict::trap, Verdict::limit, Verdict::refused}) {
    CHECK(in_time(Cause{verdict, "told"}, {}).verdict == verdict);
    CHECK(in_time(Cause{verdict, "told"}, {}).reason == "told");
    CHECK(in_time(Cause{verdict, "told"}, {.cpu = true}).verdict == Verdict::deadline);
    CHECK(in_time(Cause{verdict, "told"}, {.cpu = true}).reason == "cpu");
    CHECK(in_time(Cause{verdict, "told"}, {.wall = true}).reason == "wall");
    CHECK(in_time(Cause{verdict, "told"}, {.wall = true, .cpu = true}).reason == "wall");
  }
  CHECK(in_time(Cause{Verdict::crashed, "told"}, {.wall = true, .cpu = true}).verdict == Verdict::crashed);
  CHECK(in_time(Cause{Verdict::crashed, "told"}, {.wall = true, .cpu = true}).reason == "told");
}

TEST_CASE("deaths are named") {
  CHECK(name_death(CLD_EXITED, 3, false).reason == "the worker exited with status 3 and no report");
  CHECK(name_death(CLD_KILLED, SIGSEGV, false).reason == "the worker died of SIGSEGV");
  CHECK(name_death(CLD_KILLED, SIGSYS, false).reason.find("seccomp") != std::string::npos);
  CHECK(name_death(CLD_KILLED, SIGKILL, false).verdict == Verdict::crashed);
  CHECK(name_death(CLD_KILLED, SIGKILL, true).verdict == Verdict::deadline);
  CHECK(name_death(CLD_KILLED, SIGXCPU, false).verdict == Verdict::limit);
  CHECK(name_death(CLD_KILLED, SIGXFSZ, false).verdict == Verdict::limit);
  CHECK(name_death(0, 0, false).verdict == Verdict::crashed);
}

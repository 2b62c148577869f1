// Conclusions: a result says what is known and nothing that a worker merely claims.
#include "daemon/run/conclude.hpp"

#include <catch2/catch.hpp>

#include <cstring>

#include "daemon/wire/trap.hpp"

namespace slack::run {
namespace {

class View final : public image::ImageView {
 public:
  std::span<const image::Segment> segments() const override { return {}; }
  std::uint64_t header_address() const override { return 0; }
  std::optional<image::SafepointEntry> safepoint_at(std::uint64_t) const override { return std::nullopt; }
  std::optional<image::LineEntry> line_at(std::uint64_t pc) const override {
    if (pc != 0x10000010) return std::nullopt;
    return image::LineEntry{pc, 3, 77};
  }
  std::optional<std::string> function_at(std::uint64_t pc) const override {
    return pc == 0x10000020 ? std::optional<std::string>("near\x1b[31m") : std::nullopt;
  }
  std::string function_name(std::uint32_t index) const override { return "func[" + std::to_string(index) + "]"; }
};

Evidence evidence() {
  Evidence evidence;
  evidence.image = std::make_shared<const View>();
  evidence.compile_time = Micros(1234);
  return evidence;
}

wire::WorkerReport report(wire::End end) {
  wire::WorkerReport report{};
  report.end = end;
  report.function = wire::kUnknown;
  report.offset = wire::kUnknown;
  return report;
}

// Of a trap that generated code reports itself, with its place.
wire::WorkerReport trapped_in_function(Trap trap) {
  auto trapped = report(wire::End::trapped);
  trapped.trap = static_cast<std::uint32_t>(trap);
  trapped.function = 5;
  trapped.offset = 99;
  return trapped;
}

monitor::Outcome outcome(Verdict verdict, std::optional<wire::WorkerReport> said = std::nullopt) {
  monitor::Outcome outcome;
  outcome.verdict = verdict;
  outcome.report = said;
  outcome.fuel = Fuel(42);
  outcome.fuel_exact = true;
  outcome.run_time = Micros(9);
  return outcome;
}

TEST_CASE("a return is exit code 0 and an exit its own code") {
  CHECK(conclude(outcome(Verdict::ok, report(wire::End::returned)), evidence()).exit_code == 0);
  auto exited = report(wire::End::exited);
  exited.exit_code = -7;
  const auto result = conclude(outcome(Verdict::ok, exited), evidence());
  CHECK(result.exit_code == -7);
  CHECK(result.fuel_consumed == 42u);
  CHECK(result.fuel_exact == true);
  CHECK(result.compile_usec == 1234u);
  CHECK(result.run_usec == 9u);
  CHECK_FALSE(result.fuel_limit);
  CHECK_FALSE(result.trap);
}

TEST_CASE("an exit code is not told with another verdict") {
  auto exited = report(wire::End::exited);
  exited.exit_code = 3;
  CHECK_FALSE(conclude(outcome(Verdict::out_of_fuel, exited), evidence()).exit_code);
}

TEST_CASE("an explicit trap has its function and offset from the report") {
  auto ended = outcome(Verdict::trap, trapped_in_function(Trap::integer_divide_by_zero));
  ended.reason = "integer divide by zero";
  const auto result = conclude(ended, evidence());
  CHECK(result.trap == "integer divide by zero");
  CHECK_FALSE(result.reason);  // not the same again
  CHECK(result.trap_function == "func[5]");
  CHECK(result.trap_offset == 99u);
}

TEST_CASE("a memory trap is placed by its instruction") {
  auto trapped = report(wire::End::trapped);
  trapped.trap = static_cast<std::uint32_t>(Trap::out_of_bounds_memory_access);
  trapped.pc = 0x10000010;
  auto result = conclude(outcome(Verdict::trap, trapped), evidence());
  CHECK(result.trap_function == "func[3]");
  CHECK(result.trap_offset == 77u);

  trapped.pc = 0x10000020;
  result = conclude(outcome(Verdict::trap, trapped), evidence());
  CHECK(result.trap_function == "near?[31m");
  CHECK_FALSE(result.trap_offset);
}

TEST_CASE("a trap number out of range is no trap of ours and no crash of ours") {
  auto trapped = report(wire::End::trapped);
  trapped.trap = 4000;
  CHECK(conclude(outcome(Verdict::trap, trapped), evidence()).trap == "unknown trap");
}

TEST_CASE("a metering mode that counts nothing reports no fuel") {
  auto without = evidence();
  without.options.metering = Metering::epoch;
  CHECK_FALSE(conclude(outcome(Verdict::ok, report(wire::End::returned)), without).fuel_consumed);
  CHECK(counts_fuel(Metering::counted));
}

TEST_CASE("an interrupted run has the verdict that it was asked for, and tells where it stood") {
  auto ended = outcome(Verdict::deadline, trapped_in_function(Trap::interrupt));
  ended.reason = "wall";
  auto epoch = evidence();
  epoch.options.metering = Metering::epoch;
  const auto result = conclude(ended, epoch);
  CHECK(result.verdict == Verdict::deadline);
  CHECK(result.reason == "wall");
  CHECK(result.trap == "interrupted");
  CHECK(result.trap_function == "func[5]");
  CHECK(result.trap_offset == 99u);
}

TEST_CASE("what brings a run to its end follows from its metering") {
  CHECK(halt_of(Metering::slacked) == monitor::Halt::park);
  CHECK(halt_of(Metering::epoch) == monitor::Halt::interrupt);
  for (const Metering metering : {Metering::none, Metering::counted, Metering::checked})
    CHECK(halt_of(metering) == monitor::Halt::kill);
}

TEST_CASE("fuel that nobody knows is left out, not told as nothing") {
  // Stopped from outside: what was published last is what is known.
  monitor::Outcome stopped;
  stopped.verdict = Verdict::deadline;
  stopped.fuel = Fuel(0);
  Evidence unpublished = evidence();
  for (const Metering metering : {Metering::counted, Metering::checked}) {
    unpublished.options.metering = metering;
    CHECK_FALSE(conclude(stopped, unpublished).fuel_consumed);
    CHECK_FALSE(conclude(stopped, unpublished).fuel_exact);
  }
  // From within a host call something was published.
  stopped.fuel = Fuel(5);
  CHECK(conclude(stopped, unpublished).fuel_consumed == 5u);
  CHECK(conclude(stopped, unpublished).fuel_exact == false);
  // A module that did nothing and said so.
  stopped.fuel = Fuel(0);
  stopped.fuel_exact = true;
  CHECK(conclude(stopped, unpublished).fuel_consumed == 0u);
  stopped.fuel_exact = false;
  CHECK(conclude(stopped, evidence()).fuel_consumed == 0u);
}

TEST_CASE("bench figures are told when they were asked for") {
  auto measured = report(wire::End::returned);
  measured.has_bench = 1;
  measured.bench_nsec = 5'000'900;
  measured.bench_fuel = 17;
  CHECK_FALSE(conclude(outcome(Verdict::ok, measured), evidence()).bench_usec);
  auto asked = evidence();
  asked.options.measure = true;
  const auto result = conclude(outcome(Verdict::ok, measured), asked);
  CHECK(result.bench_usec == 5000u);
  CHECK(result.bench_fuel == 17u);
}

TEST_CASE("early reports become verdicts") {
  auto refused = report(wire::End::refused);
  std::strcpy(refused.text, "unknown import \"env\" \"f\"");
  refused.text_bytes = static_cast<std::uint32_t>(std::strlen(refused.text));
  CHECK(end_of(refused).verdict == Verdict::refused);
  CHECK(end_of(refused).reason == "unknown import \"env\" \"f\"");
  CHECK(end_of(report(wire::End::limit)).verdict == Verdict::limit);
  CHECK(end_of(report(wire::End::misinvoked)).verdict == Verdict::refused);
  CHECK(conclude(end_of(report(wire::End::misinvoked)), evidence()).misinvoked == true);
  CHECK_FALSE(conclude(end_of(refused), evidence()).misinvoked);
  CHECK(end_of(report(wire::End::trapped)).verdict == Verdict::trap);
  CHECK(end_of(report(wire::End::fault)).verdict == Verdict::crashed);
  // A worker that says it has succeeded before it began has been taken over.
  CHECK(end_of(report(wire::End::returned)).verdict == Verdict::crashed);
  CHECK(end_of(report(static_cast<wire::End>(77))).verdict == Verdict::crashed);
}

TEST_CASE("a report whose text claims to be longer than it is is read within bounds") {
  auto refused = report(wire::End::refused);
  std::memset(refused.text, 'a', sizeof refused.text);
  refused.text_bytes = 0xffff'ffff;
  CHECK(end_of(refused).reason.size() == sizeof refused.text);
}

TEST_CASE("a refusal tells where") {
  const auto result = conclude(EarlyEnd{Verdict::refused, "unexpected end", WasmOffset(12), {}}, evidence());
  CHECK(result.offset == 12u);
  CHECK(result.reason == "unexpected end");
  CHECK_FALSE(result.run_usec);
}

TEST_CASE("hostile text is made printable") {
  CHECK(printable("plain") == "plain");
  CHECK(printable("a\x1b[2J\n\x7f") == "a?[2J??");
  CHECK(printable("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80") == "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
  CHECK(printable("\xc0\xaf") == "??");            // overlong
  CHECK(printable("\xed\xa0\x80") == "???");       // surrogate
  CHECK(printable("\xf4\x90\x80\x80") == "????");  // beyond U+10FFFF
  CHECK(printable("\xc2\x9b") == "?");             // C1 control
  CHECK(printable("\xe2\x82") == "??");            // cut short
  CHECK(printable("\xe2\x80\xae") == "?");         // turns what follows around
  CHECK(printable("abc\xc3\xa9", 4) == "abc");     // never half a character
}

}  // namespace
}  // namespace slack::run

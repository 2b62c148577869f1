// Every verdict becomes one line that says what, where and how much; figures are readable; nothing drives a terminal.
#include "client/format.hpp"

#include <catch2/catch.hpp>
#include <csignal>

#include "client/exit_code.hpp"

using namespace slack;
using namespace slack::client;

TEST_CASE("figures are grouped and scaled") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1'000'123) == "1,000,123");
  CHECK(grouped(18446744073709551615u) == "18,446,744,073,709,551,615");
  CHECK(duration_text(Micros(84)) == "84 us");
  CHECK(duration_text(Micros(12'345)) == "12.3 ms");
  CHECK(duration_text(Micros(999'999)) == "999.9 ms");
  CHECK(duration_text(Micros(1'209'000)) == "1.20 s");
  CHECK(duration_text(Micros(59'999'999)) == "59.99 s");
  CHECK(duration_text(Micros(123'000'000)) == "2 min 3 s");
  CHECK(size_text(Bytes(512)) == "512 B");
  CHECK(size_text(Bytes(1'536)) == "1.5 KiB");
  CHECK(size_text(Bytes(12'897'485)) == "12.2 MiB");
  CHECK(size_text(Bytes(18446744073709551615u)) == "15.9 EiB");
  CHECK(fuel_limit_text(Fuel(5'000)) == "5,000");
  CHECK(fuel_limit_text(kUnlimitedFuel) == "unlimited");
}

TEST_CASE("a plain ok says nothing") {
  RunResult result;
  result.verdict = Verdict::ok;
  result.exit_code = 3;
  CHECK(verdict_line("a.wasm", result).empty());
  CHECK(client::exit_code_of(result) == 3);
}

TEST_CASE("a module's exit code passes modulo 256") {
  RunResult result;
  result.verdict = Verdict::ok;
  result.exit_code = 259;
  CHECK(client::exit_code_of(result) == 3);
  result.exit_code = -1;
  CHECK(client::exit_code_of(result) == 255);
  result.exit_code.reset();
  CHECK(client::exit_code_of(result) == 0);
}

TEST_CASE("output that could not be released is no success") {
  RunResult result;
  result.verdict = Verdict::ok;
  result.exit_code = 0;
  result.reason = "standard output: No space left on device";
  CHECK(verdict_line("a.wasm", result) == "slackctl: a.wasm: ok, but: standard output: No space left on device");
  CHECK(client::exit_code_of(result) == kExitOutput);
}

TEST_CASE("out of fuel: how much, of how much, and how late") {
  RunResult result;
  result.verdict = Verdict::out_of_fuel;
  result.fuel_consumed = 1'000'123;
  result.fuel_limit = 1'000'000;
  result.fuel_exact = true;
  result.stop_latency_usec = 84;
  CHECK(verdict_line("bz2.wasm", result) ==
        "slackctl: bz2.wasm: out of fuel: consumed 1,000,123 of 1,000,000 (exact), stopped 84 us after the limit");
  result.fuel_exact = false;
  result.stop_latency_usec.reset();
  CHECK(verdict_line("bz2.wasm", result) ==
        "slackctl: bz2.wasm: out of fuel: consumed 1,000,123 of 1,000,000 (as last published)");
  CHECK(client::exit_code_of(result) == 123);
}

TEST_CASE("a trap: what, in which function, at which offset") {
  RunResult result;
  result.verdict = Verdict::trap;
  result.trap = "integer divide by zero";
  result.trap_function = "main";
  result.trap_offset = 0x1234;
  CHECK(verdict_line("a.wasm", result) ==
        "slackctl: a.wasm: trap: integer divide by zero in function main at offset 0x1234");
  result.fuel_consumed = 1'500;
  result.fuel_exact = true;
  CHECK(
      verdict_line("a.wasm", result) ==
      "slackctl: a.wasm: trap: integer divide by zero in function main at offset 0x1234, consumed 1,500 fuel (exact)");
  CHECK(client::exit_code_of(result) == 134);
}

TEST_CASE("a refusal names the reason and the offset") {
  RunResult result;
  result.verdict = Verdict::refused;
  result.reason = "type mismatch";
  result.offset = 0x4a;
  CHECK(verdict_line("a.wasm", result) == "slackctl: a.wasm: refused: type mismatch at offset 0x4a");
  result.offset.reset();
  CHECK(verdict_line("a.wasm", result) == "slackctl: a.wasm: refused: type mismatch");
  CHECK(client::exit_code_of(result) == 126);
}

TEST_CASE("deadline, limit and crashed say why, after how long and how much fuel") {
  RunResult result;
  result.reason = "because of this";
  result.run_usec = 2'000'000;
  result.cpu_usec = 1'990'000;
  result.fuel_consumed = 77'000'000;
  result.fuel_exact = true;
  result.fuel_limit = kUnlimitedFuel.count();
  const std::string rest = ": because of this after 2.00 s (1.99 s of CPU time), consumed 77,000,000 fuel (exact)";
  const std::pair<Verdict, int> verdicts[] = {{Verdict::deadline, 124}, {Verdict::limit, 122}, {Verdict::crashed, 125}};
  for (const auto& [verdict, code] : verdicts) {
    result.verdict = verdict;
    CHECK(verdict_line("a.wasm", result) == "slackctl: a.wasm: " + std::string(name_of(verdict)) + rest);
    CHECK(client::exit_code_of(result) == code);
  }
}

TEST_CASE("killed says what it used, where an epoch's check found it, and then why") {
  RunResult result;
  result.verdict = Verdict::killed;
  result.reason = "slackd was ended by SIGTERM";
  result.run_usec = 2'000'000;
  result.cpu_usec = 1'990'000;
  result.fuel_consumed = 77'000'000;
  result.fuel_exact = true;
  CHECK(
      verdict_line("a.wasm", result) ==
      "slackctl: a.wasm: killed after 2.00 s (1.99 s of CPU time), consumed 77,000,000 fuel (exact): slackd was ended "
      "by SIGTERM");
  CHECK(client::exit_code_of(result) == 137);
  result.fuel_consumed.reset();
  result.trap = "interrupted";
  result.trap_offset = 0x4a;
  result.reason = stopped_by_signal(SIGINT);
  CHECK(verdict_line("a.wasm", result) ==
        "slackctl: a.wasm: killed after 2.00 s (1.99 s of CPU time), interrupted at offset 0x4a: stopped by SIGINT "
        "(Ctrl-C)");
  CHECK(stopped_by_signal(SIGHUP) == "stopped by SIGHUP");
}

TEST_CASE("deadlines and limits that go by a name are put into words") {
  RunResult result;
  result.verdict = Verdict::deadline;
  result.reason = "wall";
  CHECK(verdict_line("a.wasm", result) == "slackctl: a.wasm: deadline: wall-clock deadline passed");
  result.reason = "cpu";
  CHECK(verdict_line("a.wasm", result) == "slackctl: a.wasm: deadline: CPU-time deadline passed");
  result.verdict = Verdict::limit;
  result.reason = "output";
  CHECK(verdict_line("a.wasm", result) == "slackctl: a.wasm: limit: no more output allowed");
}

TEST_CASE("a verdict without evidence still is a sentence") {
  RunResult result;
  result.verdict = Verdict::out_of_fuel;
  CHECK(verdict_line("a.wasm", result) == "slackctl: a.wasm: out of fuel");
  result.verdict = Verdict::trap;
  CHECK(verdict_line("a.wasm", result) == "slackctl: a.wasm: trap: unknown trap");
  result.verdict = Verdict::killed;
  CHECK(verdict_line("a.wasm", result) == "slackctl: a.wasm: killed: stopped by a client or by the daemon's shutdown");
}

TEST_CASE("names from a hostile module cannot drive a terminal") {
  CHECK(printable("plain \xc3\xa9") == "plain \xc3\xa9");
  CHECK(printable("\x1b[2J\n") == "\\x1b[2J\\x0a");
  CHECK(printable("\xc2\x9b"
                  "31m") == "\\xc2\\x9b31m");
  // One that is shown as another: what follows the mark is turned around.
  CHECK(printable("a\xe2\x80\xaemsaw.") == "a\\xe2\\x80\\xaemsaw.");
  // What is no UTF-8: a terminal that is not set to it would obey the first byte.
  CHECK(printable("\x9b"
                  "31m\xc3") == "\\x9b31m\\xc3");
  RunResult result;
  result.verdict = Verdict::trap;
  result.trap = "unreachable";
  result.trap_function = "f\x1b]0;x\a";
  CHECK(verdict_line("a\n.wasm", result) == "slackctl: a\\x0a.wasm: trap: unreachable in function f\\x1b]0;x\\x07");
}

TEST_CASE("a name that is no UTF-8 becomes one that D-Bus can carry") {
  CHECK(as_utf8("m\xc3\xa9.wasm", 255) == "m\xc3\xa9.wasm");
  CHECK(as_utf8("m\xe9.wasm", 255) == "m\xef\xbf\xbd.wasm");
  CHECK(as_utf8("\xff\xff", 5) == "\xef\xbf\xbd");
  CHECK(as_utf8(std::string(300, 'x'), 255) == std::string(255, 'x'));
  CHECK(as_utf8("x\xc3\xa9", 2) == "x");
  CHECK(as_utf8("", 255).empty());
}

TEST_CASE("statistics show what is known and leave out the rest") {
  RunResult result;
  result.verdict = Verdict::ok;
  CHECK(stats_text("a.wasm", result) == "slackctl: a.wasm: ok\n");
  result.exit_code = 0;
  result.fuel_consumed = 104'543'554;
  result.fuel_exact = true;
  result.run_usec = 45'200;
  result.compile_usec = 312'000;
  result.peak_memory_bytes = 12u << 20;
  result.looks = 12;
  result.arms = 0;
  result.bench_usec = 33'100;
  result.bench_fuel = 100'000'000;
  CHECK(stats_text("a.wasm", result) ==
        "slackctl: a.wasm: ok, exit code 0\n"
        "  fuel     consumed 104,543,554 fuel (exact)\n"
        "  time     45.2 ms running, 312.0 ms compiling\n"
        "  memory   12.0 MiB at its peak\n"
        "  monitor  12 looks, 0 arms\n"
        "  measured 33.1 ms between bench.start and bench.end, 100,000,000 fuel\n");
  result.cache = "hit";
  result.compile_usec = 0;
  CHECK(stats_text("a.wasm", result).find("45.2 ms running, compiled before\n") != std::string::npos);
}

TEST_CASE("statistics have no headline where a verdict line stands above them") {
  RunResult result;
  result.verdict = Verdict::out_of_fuel;
  result.arms = 1;
  CHECK(stats_text("a.wasm", result) == "  monitor  1 arms\n");
}

TEST_CASE("tables align their columns and leave no blanks at the end") {
  CHECK(table_text({{"RUN", "NAME"}, {"7", "a.wasm"}, {"1024", ""}}) == "RUN   NAME\n7     a.wasm\n1024\n");
}

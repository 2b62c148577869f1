// Messages and tables that every process shares.
#include <catch2/catch.hpp>
#include <cstdlib>

#include "daemon/base/context.hpp"
#include "daemon/wire/brief.hpp"
#include "daemon/wire/trap.hpp"
#include "daemon/wire/verdict.hpp"

using namespace slack;

TEST_CASE("a brief survives its encoding") {
  wire::Brief brief;
  brief.arguments = {"bz2.wasm", "", "--x"};
  brief.environment = {"A=1"};
  brief.directories = {{".", false}, {"/data", true}};
  brief.invoke = "_start";
  brief.memory = Bytes(1 << 20);
  brief.output = Bytes(99);
  brief.fuel = Fuel(7);
  brief.measure = true;
  auto decoded = wire::decode_brief(wire::encode(brief));
  REQUIRE(decoded);
  CHECK(decoded->arguments == brief.arguments);
  CHECK(decoded->environment == brief.environment);
  REQUIRE(decoded->directories.size() == 2);
  CHECK(decoded->directories[1].guest_name == "/data");
  CHECK(decoded->directories[1].read_only);
  CHECK(decoded->invoke == "_start");
  CHECK(decoded->memory == brief.memory);
  CHECK(decoded->output == brief.output);
  CHECK(decoded->fuel == brief.fuel);
  CHECK(decoded->measure);
  CHECK(!decoded->deterministic);
}

TEST_CASE("a brief that is cut short or spoilt anywhere is a fault or another brief, never a crash") {
  wire::Brief brief;
  brief.arguments = {"one", "two"};
  brief.directories = {{".", false}};
  brief.invoke = "f";
  const auto bytes = wire::encode(brief);
  for (std::size_t size = 0; size < bytes.size(); ++size) CHECK(!wire::decode_brief(std::span(bytes).first(size)));
  std::srand(1);
  for (int i = 0; i < 10'000; ++i) {
    auto spoilt = bytes;
    spoilt[static_cast<std::size_t>(std::rand()) % spoilt.size()] = static_cast<std::byte>(std::rand());
    (void)wire::decode_brief(spoilt);
  }
}

TEST_CASE("verdicts have the documented names and exit codes") {
  CHECK(exit_code_of(Verdict::out_of_fuel) == 123);
  CHECK(exit_code_of(Verdict::killed) == 137);
  CHECK(name_of(Verdict::crashed) == "crashed");
  CHECK(verdict_named("deadline") == Verdict::deadline);
  CHECK(!verdict_named("fine"));
}

TEST_CASE("a trap number out of range is unknown, not a crash") {
  CHECK(message_of(Trap::unreachable) == "unreachable");
  CHECK(message_of(static_cast<Trap>(4711)) == "unknown trap");
}

TEST_CASE("the context's arrays do not overlap") {
  const ContextLayout layout{.tables = 3, .imported_functions = 5, .globals = 2};
  CHECK(layout.table(0) >= sizeof(ContextHead));
  CHECK(layout.import_slot(0) == layout.table(2) + sizeof(TableDescriptor));
  CHECK(layout.global(0) >= layout.import_slot(4) + 8);
  CHECK(layout.global(0) % 16 == 0);
  CHECK(layout.size() == layout.global(1) + 16);
}

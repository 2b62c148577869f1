// Options of RunModule: defaults as in the table, errors that name the option.
#include "daemon/wire/run_options.hpp"

#include <catch2/catch.hpp>

#include "daemon/wire/result.hpp"

namespace slack {
namespace {

std::string complaint(const std::string& name, RunOptionValue value) {
  RunOptions options;
  const auto set = set_run_option(options, name, std::move(value));
  return set ? "" : set.error().what;
}

TEST_CASE("an unknown option is named, with the one that was meant") {
  CHECK(complaint("fule", std::uint64_t{1}) == "unknown option 'fule' (did you mean 'fuel'?)");
  CHECK(complaint("colour", std::uint64_t{1}) == "unknown option 'colour'");
  CHECK(complaint("", std::uint64_t{1}) == "unknown option ''");
}

TEST_CASE("an option of the wrong type is named with both types") {
  CHECK(complaint("fuel", std::string("many")) == "option 'fuel' has type s, expected t");
  CHECK(complaint("measure", std::uint64_t{1}) == "option 'measure' has type t, expected b");
  CHECK(complaint("env", std::string("A=B")) == "option 'env' has type s, expected as");
  CHECK(complaint("stdin", std::uint64_t{0}) == "option 'stdin' has type t, expected h");
}

TEST_CASE("a value that an option does not take is named with those it takes") {
  CHECK(complaint("metering", std::string("fast")) ==
        "option 'metering' is 'fast'; it takes: none counted slacked checked epoch");
  CHECK(complaint("output", std::string("")) == "option 'output' is ''; it takes: held stream");
  CHECK(complaint("on_out_of_fuel", std::string("park")) == "option 'on_out_of_fuel' is 'park'; it takes: stop");
  CHECK(complaint("slack_usec", std::uint64_t{999}) == "option 'slack_usec' is 999; it takes 1000 to 1000000");
  CHECK(complaint("invoke", std::string()) == "option 'invoke' is empty; it takes the name of an exported function");
}

TEST_CASE("environment entries are NAME=VALUE") {
  CHECK(complaint("env", std::vector<std::string>{"A=B", "C="}).empty());
  CHECK(complaint("env", std::vector<std::string>{"A"}) == "option 'env' holds 'A', which is not NAME=VALUE");
  CHECK(complaint("env", std::vector<std::string>{"=A"}) == "option 'env' holds '=A', which is not NAME=VALUE");
}

TEST_CASE("options reach their fields") {
  RunOptions options;
  REQUIRE(set_run_option(options, "fuel", std::uint64_t{5}));
  REQUIRE(set_run_option(options, "metering", std::string("checked")));
  REQUIRE(set_run_option(options, "output", std::string("stream")));
  REQUIRE(set_run_option(options, "keep_output", true));
  REQUIRE(set_run_option(options, "name", std::string("x.wasm")));
  CHECK(options.fuel == Fuel(5));
  CHECK(options.metering == Metering::checked);
  CHECK(options.stream);
  CHECK(options.keep_output);
  CHECK(options.name == "x.wasm");
}

TEST_CASE("the table's numeric defaults are those of the structure") {
  const RunOptions options;
  const auto number_of = [](std::string_view name) {
    const std::string_view text = (*find_run_option(name))->default_value;
    return text == "unlimited" ? std::numeric_limits<std::uint64_t>::max() : std::stoull(std::string(text));
  };
  CHECK(number_of("fuel") == options.fuel.count());
  CHECK(number_of("slack_usec") == options.slack.count());
  CHECK(number_of("wall_usec") == options.wall.count());
  CHECK(number_of("cpu_usec") == options.cpu.count());
  CHECK(number_of("memory_bytes") == options.memory.count());
  CHECK(number_of("output_bytes") == options.output.count());
  CHECK((*find_run_option("invoke"))->default_value == options.invoke);
  CHECK((*find_run_option("metering"))->default_value == name_of(options.metering));
  CHECK((*find_run_option("name"))->default_value == options.name);
}

TEST_CASE("every option that carries no descriptor can be set") {
  for (const auto& row : run_option_table()) {
    RunOptions options;
    INFO(row.name);
    if (row.type == "t") CHECK(set_run_option(options, row.name, std::uint64_t{5000}));
    if (row.type == "b") CHECK(set_run_option(options, row.name, true));
    if (row.type == "as") CHECK(set_run_option(options, row.name, std::vector<std::string>{}));
    if (row.type == "s") {
      const std::string value(row.name == "invoke" || row.name == "name" ? "word" : row.default_value);
      CHECK(set_run_option(options, row.name, value));
    }
  }
}

TEST_CASE("metering names and modes agree both ways") {
  for (const char* name : {"none", "counted", "slacked", "checked", "epoch"})
    CHECK(name_of(metering_named(name).value()) == name);
  CHECK_FALSE(metering_named("fast"));
}

TEST_CASE("every result key is visited once, in the order of the table") {
  RunResult result;
  result.fuel_consumed = 5;
  std::size_t at = 0;
  std::size_t set = 0;
  for_each_field(result, [&](std::string_view name, auto& field) {
    CHECK(result_table()[at++].name == name);
    set += field.has_value() ? 1 : 0;
  });
  CHECK(at == result_table().size());
  CHECK(set == 1);
}

}  // namespace
}  // namespace slack

// The daemon's sentences about options come out in the words of the command line, numbers with their units.
#include "client/wording.hpp"

#include <catch2/catch.hpp>

#include "daemon/wire/run_options.hpp"

using namespace slack;
using namespace slack::client;

TEST_CASE("an option out of range is told by its flag, with the range in the units that the flag takes") {
  CHECK(in_command_line_words("option 'memory_bytes': 8589934592 asked for, 4294967296 allowed") ==
        "--memory: 8GiB asked for, 4GiB allowed");
  CHECK(in_command_line_words("option 'slack_usec' is 1; it takes 1000 to 1000000") ==
        "--slack is 1us; it takes 1ms to 1s");
  CHECK(in_command_line_words("option 'slack_usec' is 18446744073709551615; it takes 1000 to 1000000") ==
        "--slack is unlimited; it takes 1ms to 1s");
  CHECK(in_command_line_words(
            "bytes of held output of user 7 (option 'output_bytes'): 8589934593 asked for, 1 allowed") ==
        "bytes of held output of user 7 (--output): 8589934593B asked for, 1B allowed");
}

TEST_CASE("a sentence about two options names both flags") {
  CHECK(
      in_command_line_words("option 'fuel' sets a limit, but metering 'none' counts no fuel; leave one of them out") ==
      "--fuel sets a limit, but metering 'none' counts no fuel; leave one of them out");
}

TEST_CASE("a descriptor is told by what it is to a user") {
  CHECK(in_command_line_words("option 'stdout' is a block device, expected a file or a pipe") ==
        "standard output is a block device, expected a file or a pipe");
  CHECK(in_command_line_words("directory 3 of option 'dirs' is a file, expected a directory") ==
        "directory 3 of --dir is a file, expected a directory");
}

TEST_CASE("what is not known stays as it is") {
  for (const char* sentence :
       {"", "no option in here, 17 times", "option 'newer_bytes': 4096 asked for", "option 'cut"})
    CHECK(in_command_line_words(sentence) == sentence);
}

TEST_CASE("the daemon's own sentence for a value out of range comes out right") {
  RunOptions options;
  const auto set = set_run_option(options, "slack_usec", std::uint64_t{2'000'000});
  REQUIRE_FALSE(set);
  CHECK(in_command_line_words(set.error().what) == "--slack is 2s; it takes 1ms to 1s");
}

TEST_CASE("exact figures are never rounded") {
  CHECK(exact_text(Bytes(0)) == "0B");
  CHECK(exact_text(Bytes(1536)) == "1536B");
  CHECK(exact_text(Bytes(std::uint64_t{3} << 30)) == "3GiB");
  CHECK(exact_text(Micros(1'500'000)) == "1500ms");
  CHECK(exact_text(Micros(60'000'001)) == "60000001us");
}

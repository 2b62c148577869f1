// Fuel, durations and sizes of the command line are read exactly, or refused with words that help.
#include "client/quantity.hpp"

#include <catch2/catch.hpp>

using namespace slack;
using namespace slack::client;

TEST_CASE("fuel is a whole number, with powers of a thousand") {
  CHECK(parse_fuel("0") == Fuel(0));
  CHECK(parse_fuel("1000000") == Fuel(1'000'000));
  CHECK(parse_fuel("1e6") == Fuel(1'000'000));
  CHECK(parse_fuel("1E6") == Fuel(1'000'000));
  CHECK(parse_fuel("2.5e3") == Fuel(2'500));
  CHECK(parse_fuel("5M") == Fuel(5'000'000));
  CHECK(parse_fuel("2.5G") == Fuel(2'500'000'000));
  CHECK(parse_fuel("7K") == Fuel(7'000));
  CHECK(parse_fuel("1T") == Fuel(1'000'000'000'000));
  CHECK(parse_fuel("7k") == Fuel(7'000));
  CHECK(parse_fuel("2.5g") == Fuel(2'500'000'000));
  CHECK(parse_fuel("unlimited") == kUnlimitedFuel);
  CHECK(parse_fuel("18446744073709551614") == Fuel(18446744073709551614u));
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "1.5", "1e", "e6", "1e20", "18446744073709551616", "20e18",
                           "1Ki", "1kk", "1,000", "0x10", ".5", "5.", "1e6M6", "1e-3"})
    CHECK_FALSE(parse_fuel(text));
}

TEST_CASE("a duration needs a unit and is whole microseconds") {
  CHECK(parse_duration("10ms") == Micros(10'000));
  CHECK(parse_duration("2s") == Micros(2'000'000));
  CHECK(parse_duration("500us") == Micros(500));
  CHECK(parse_duration("1min") == Micros(60'000'000));
  CHECK(parse_duration("1h") == Micros(3'600'000'000));
  CHECK(parse_duration("1.5s") == Micros(1'500'000));
  CHECK(parse_duration("0.25min") == Micros(15'000'000));
  CHECK(parse_duration("0.000001s") == Micros(1));
  CHECK(parse_duration("1.50000000000000000000s") == Micros(1'500'000));
  CHECK(parse_duration("1e3ms") == Micros(1'000'000));
  CHECK(parse_duration("0us") == Micros(0));
  CHECK(parse_duration("unlimited") == kUnlimitedTime);
  for (const char* text :
       {"", "3", "ms", "1m", "1S", "1 s", "0.5us", "1.0000001s", "-1s", "1e3", "1e-3s", "99999999999999999h"})
    CHECK_FALSE(parse_duration(text));
}

TEST_CASE("a size is in bytes or powers of 1024") {
  CHECK(parse_size("65536") == Bytes(65'536));
  CHECK(parse_size("512B") == Bytes(512));
  CHECK(parse_size("64K") == Bytes(65'536));
  CHECK(parse_size("64KiB") == Bytes(65'536));
  CHECK(parse_size("1M") == Bytes(1'048'576));
  CHECK(parse_size("2GiB") == Bytes(2'147'483'648));
  CHECK(parse_size("64k") == Bytes(65'536));
  CHECK(parse_size("64kib") == Bytes(65'536));
  CHECK(parse_size("1m") == Bytes(1'048'576));
  CHECK(parse_size("2g") == Bytes(2'147'483'648));
  CHECK(parse_size("512b") == Bytes(512));
  CHECK(parse_size("0.5G") == Bytes(536'870'912));
  CHECK(parse_size("1e6") == Bytes(1'000'000));
  CHECK(parse_size("1e3K") == Bytes(1'024'000));
  for (const char* text : {"", "K", "k", "1KB", "1kB", "1.1K", "1k ", "unlimited", "-1", "16777217T"})
    CHECK_FALSE(parse_size(text));
}

TEST_CASE("a refused quantity says what would fit") {
  const auto duration = parse_duration("long");
  REQUIRE_FALSE(duration);
  CHECK(duration.error().code == EINVAL);
  CHECK(duration.error().what ==
        "'long' is not a duration: write a number with us, ms, s, min or h, like 250ms, 1.5s or 0us, or unlimited");
}

TEST_CASE("a number without its unit, and one of less than the smallest unit, are told as that") {
  for (const char* text : {"0", "3", "1e3", "1.5"})
    CHECK(parse_duration(text).error().what == "'" + std::string(text) +
                                                   "' has no unit: write a number with us, ms, s, min or h, like "
                                                   "250ms, 1.5s or 0us, or unlimited");
  CHECK(parse_duration("0.1us").error().what.starts_with("'0.1us' is not a whole number of microseconds: write"));
  CHECK(parse_size("1.1K").error().what.starts_with("'1.1K' is not a whole number of bytes: write"));
  CHECK(parse_fuel("1.5").error().what.starts_with("'1.5' is not a whole number of units of fuel: write"));
}

TEST_CASE("a refused suffix is answered with those there are") {
  CHECK(parse_size("1KB").error().what ==
        "'1KB' is not a size: write a number of bytes like 65536 or 1e6, or one with K, M, G or T (powers of 1024), "
        "like 64M or 2GiB");
  CHECK(parse_fuel("1Ki").error().what.find("K, M, G or T (powers of 1000)") != std::string::npos);
}

TEST_CASE("a quantity that is too large is told from one that is none") {
  CHECK(parse_fuel("18446744073709551616").error().what ==
        "'18446744073709551616' is more fuel than can be counted: write 0 to 18446744073709551614, or unlimited");
  // What the largest number of all would mean is written in a word.
  for (const char* text : {"18446744073709551615", "99999999999T", "1e20", "1e99999999999999999999"})
    CHECK(parse_fuel(text).error().what.find("more fuel than can be counted") != std::string::npos);
  CHECK(parse_duration("5000000001000h").error().what ==
        "'5000000001000h' is longer than can be counted: write 0us to 5000000000h, or unlimited");
  CHECK(parse_duration("5000000000h"));
  CHECK(parse_size("16777216T").error().what == "'16777216T' is more than can be counted: write 0 to 16777215T");
  CHECK(parse_size("16777215T"));
  CHECK(parse_duration("1.000000000000000000000000001s").error().what.find("is not a whole number") !=
        std::string::npos);
}

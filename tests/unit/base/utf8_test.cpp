// UTF-8: the edges of the table of well-formed sequences.
#include "daemon/base/utf8.hpp"

#include <catch2/catch.hpp>

using slack::is_control;
using slack::utf8_sequence;
using slack::valid_utf8_prefix;

TEST_CASE("UTF-8 is accepted as Unicode defines it, and nothing else") {
  for (const std::string_view good : {"", "abc", "\xc2\x80\xdf\xbf", "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf",
                                      "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "\xf0\x9f\x98\x80"})
    CHECK(valid_utf8_prefix(good) == good.size());
  CHECK(valid_utf8_prefix(std::string_view("\0\x7f", 2)) == 2);
  for (const std::string_view bad :
       {"\x80", "\xc3", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xe2\x82z", "\xff"})
    CHECK(valid_utf8_prefix(bad) == 0);
  CHECK(valid_utf8_prefix("ab\xff"
                          "c") == 2);
}

TEST_CASE("the length of a sequence is that of its front") {
  CHECK(utf8_sequence("") == 0);
  CHECK(utf8_sequence("az") == 1);
  CHECK(utf8_sequence("\xc3\xa9z") == 2);
  CHECK(utf8_sequence("\xe2\x82\xacz") == 3);
  CHECK(utf8_sequence("\xf0\x9f\x98\x80z") == 4);
  CHECK(utf8_sequence("\xa9z") == 0);
}

TEST_CASE("controls and marks of direction are not shown, everything else is") {
  for (const std::string_view control :
       {"\x1b", "\n", "\x7f", "\xc2\x80", "\xc2\x9f", "\xd8\x9c", "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xaa",
        "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa9"})
    CHECK(is_control(control));
  for (const std::string_view shown :
       {" ", "~", "\xc2\xa0", "\xd8\x9b", "\xd8\x9d", "\xe2\x80\x8d", "\xe2\x80\x90", "\xe2\x80\xa9", "\xe2\x80\xaf",
        "\xe2\x81\xa5", "\xe2\x81\xaa", "\xf0\x9f\x98\x80"})
    CHECK_FALSE(is_control(shown));
}

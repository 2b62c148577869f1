// A linked module: reads NAME=FILE.
#pragma once

#include <string>
#include <string_view>

#include "daemon/base/fault.hpp"

namespace slack::client {

struct LinkSpec {
  std::string name;  // that others import from
  std::string path;

  friend bool operator==(const LinkSpec&, const LinkSpec&) = default;
};

// Splits at the first "=".
[[nodiscard]] Expected<LinkSpec> parse_link(std::string_view text);

}  // namespace slack::client

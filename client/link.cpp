// Reads NAME=FILE.
#include "client/link.hpp"

namespace slack::client {

Expected<LinkSpec> parse_link(std::string_view text) {
  const std::size_t sign = text.find('=');
  if (sign == 0 || sign == std::string_view::npos || sign + 1 == text.size())
    return fail(Fault{EINVAL, "'" + std::string(text) + "' is no linked module: write NAME=FILE.wasm"});
  return LinkSpec{std::string(text.substr(0, sign)), std::string(text.substr(sign + 1))};
}

}  // namespace slack::client

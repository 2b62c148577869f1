// Puts the daemon's sentences about options into the words of the command line.
#pragma once

#include <string>
#include <string_view>

#include "daemon/base/units.hpp"

namespace slack::client {

// The daemon speaks of options by their bus names and in the bus's units. "option 'memory_bytes': 8589934592 asked for,
// 4294967296 allowed" becomes "--memory: 8 GiB asked for, 4 GiB allowed"; what is not known stays as it is.
[[nodiscard]] std::string in_command_line_words(std::string_view sentence);

// As the command line takes them, and exact: "4GiB", "1500us".
[[nodiscard]] std::string exact_text(Bytes size);
[[nodiscard]] std::string exact_text(Micros duration);

}  // namespace slack::client

// A directory for the module: reads HOST[::GUEST][:ro|:rw] and opens it.
#pragma once

#include <string>
#include <string_view>

#include "daemon/base/fault.hpp"
#include "daemon/base/fd.hpp"

namespace slack::client {

struct DirectorySpec {
  std::string host;   // path on this machine
  std::string guest;  // the name the module sees; HOST alone keeps its name
  bool read_only = false;

  friend bool operator==(const DirectorySpec&, const DirectorySpec&) = default;
};

// Cuts ":ro" or ":rw" (which it is without, too) off the end, then splits at the first "::". A path that itself ends so
// is written out in full: "odd:ro::odd".
[[nodiscard]] Expected<DirectorySpec> parse_directory(std::string_view text);

struct OpenDirectory {
  Fd fd;
  std::string guest;
  bool read_only = false;
};

// Open for reading (not O_PATH): slackd makes a mount of it with its client's rights.
[[nodiscard]] Expected<OpenDirectory> open_directory(const DirectorySpec& spec);

}  // namespace slack::client

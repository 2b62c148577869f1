// The brief: what a worker is told about its run, serialised into a sealed memfd (too long for one datagram).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "daemon/base/fault.hpp"
#include "daemon/base/units.hpp"

namespace slack::wire {

struct Directory {
  std::string guest_name;
  bool read_only = false;
};

struct Brief {
  std::vector<std::string> arguments;    // argv; arguments[0] is the module's name
  std::vector<std::string> environment;  // NAME=VALUE
  std::vector<Directory> directories;    // in the order of their descriptors
  std::vector<std::string> links;        // names of the linked modules, in the order of their images
  std::string invoke;                    // "_start", or an exported function whose arguments are arguments[1..]
  Bytes memory;                          // most linear memory the run may have
  Bytes output;                          // most bytes of standard output and error together
  Fuel fuel = kUnlimitedFuel;            // the limit: what code that checks for itself compares with
  bool deterministic = false;
  bool measure = false;
};

// Little-endian, length-prefixed. decode refuses whatever encode cannot have written.
[[nodiscard]] std::vector<std::byte> encode(const Brief& brief);
[[nodiscard]] Expected<Brief> decode_brief(std::span<const std::byte> bytes);

}  // namespace slack::wire

// Reads a module from a file that someone else controls.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/base/fd.hpp"

namespace slack::jit {

// All of the regular file `fd` (a fault names anything else), at most `most` bytes (EFBIG, before anything is read;
// also for one that grows meanwhile). A file that shrinks meanwhile yields what was there.
[[nodiscard]] Expected<std::vector<std::uint8_t>> read_module(int fd, Bytes most);

[[nodiscard]] Expected<std::vector<std::uint8_t>> read_module_file(const std::string& path, Bytes most);

}  // namespace slack::jit

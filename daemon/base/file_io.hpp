// Reading and writing at an offset, whole: the file's own place stays where it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "daemon/base/fault.hpp"

namespace slack {

// Asked when a signal has interrupted a call: true ends the whole with the fault EINTR. Without one it goes on.
using GiveUp = std::function<bool()>;

// `what` begins the text of a fault ("read an image").

// Fills `bytes`, less only where the file ends; how many there are.
[[nodiscard]] Expected<std::size_t> read_at(int fd, std::span<std::byte> bytes, std::uint64_t offset,
                                            std::string_view what, const GiveUp& give_up = {});
// The same, and a file that ends before is the fault ENODATA.
[[nodiscard]] Expected<void> read_exactly_at(int fd, std::span<std::byte> bytes, std::uint64_t offset,
                                             std::string_view what, const GiveUp& give_up = {});
[[nodiscard]] Expected<void> write_all_at(int fd, std::span<const std::byte> bytes, std::uint64_t offset,
                                          std::string_view what);

}  // namespace slack

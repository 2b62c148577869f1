// Backtraces of the module's stack by frame pointers, believing nothing that lies on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "daemon/base/address_map.hpp"

namespace slack::worker {

using AddressRange = address_map::Range;

// Follows saved frame pointers from `frame_pointer` within `stack`, always upwards, and writes those return addresses
// that lie in one of `texts` to `out`, innermost first. Returns how many.
[[nodiscard]] std::uint32_t walk_frames(std::uint64_t frame_pointer, AddressRange stack,
                                        std::span<const AddressRange> texts, std::span<std::uint64_t> out);

}  // namespace slack::worker

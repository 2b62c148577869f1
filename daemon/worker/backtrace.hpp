// Backtraces of the module's stack by frame pointers, believing nothing that lies on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace slack::worker {

// A half-open range of addresses.
struct AddressRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  [[nodiscard]] bool contains(std::uint64_t address) const { return address >= begin && address < end; }
};

// Follows saved frame pointers from `frame_pointer` within `stack`, always upwards, and writes those return addresses
// that lie in `text` to `out`, innermost first. Returns how many.
[[nodiscard]] std::uint32_t walk_frames(std::uint64_t frame_pointer, AddressRange stack, AddressRange text,
                                        std::span<std::uint64_t> out);

}  // namespace slack::worker

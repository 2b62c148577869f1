// Bulk work in chunks: how memory.copy and its like are cut so that a stop never waits for more than one chunk.
#pragma once

#include <algorithm>
#include <cstdint>

namespace slack::worker {

// About 20 microseconds of work each: memory in bytes, tables in elements.
inline constexpr std::uint32_t kMemoryChunk = 256 * 1024;
inline constexpr std::uint32_t kTableChunk = 16 * 1024;

// True if all of [start, start + length) is below `size`.
[[nodiscard]] constexpr bool in_bounds(std::uint64_t start, std::uint64_t length, std::uint64_t size) {
  return start <= size && length <= size - start;
}

// Calls step(offset, part) for each chunk of `length`, with between() after each but the last; upwards, or downwards
// from the end, as an overlapping copy to a higher address needs it.
template <typename Step, typename Between>
void in_chunks(std::uint32_t length, std::uint32_t chunk, bool downwards, Step step, Between between) {
  for (std::uint32_t done = 0; done < length;) {
    if (done != 0) between();
    const std::uint32_t part = std::min(chunk, length - done);
    step(downwards ? length - done - part : done, part);
    done += part;
  }
}

}  // namespace slack::worker

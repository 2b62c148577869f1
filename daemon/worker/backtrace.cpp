// Walks frame pointers.
#include "daemon/worker/backtrace.hpp"

#include <algorithm>
#include <cstring>

namespace slack::worker {

std::uint32_t walk_frames(std::uint64_t frame_pointer, AddressRange stack, std::span<const AddressRange> texts,
                          std::span<std::uint64_t> out) {
  constexpr std::uint64_t kFrameBytes = 16;  // saved frame pointer, return address
  std::uint32_t found = 0;
  while (found < out.size() && frame_pointer % 8 == 0 && frame_pointer >= stack.begin && stack.end >= kFrameBytes &&
         frame_pointer <= stack.end - kFrameBytes) {
    std::uint64_t frame[2];
    std::memcpy(frame, reinterpret_cast<const void*>(frame_pointer), sizeof frame);
    if (std::ranges::any_of(texts, [&](const AddressRange& text) { return text.contains(frame[1]); }))
      out[found++] = frame[1];
    if (frame[0] <= frame_pointer) break;
    frame_pointer = frame[0];
  }
  return found;
}

}  // namespace slack::worker

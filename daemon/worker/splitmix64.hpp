// The byte stream of splitmix64: what random_get answers in deterministic runs.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace slack::worker {

// Steele, Lea, Flood: Fast splittable pseudorandom number generators (OOPSLA 2014); constants of Vigna's splitmix64.c.
// Each output word is given out as eight little-endian bytes; the rest of a partly used word comes first next time.
class SplitMix64 {
 public:
  void fill(std::span<std::byte> out) {
    while (!out.empty()) {
      if (left_ == 0) {
        word_ = next();
        left_ = sizeof word_;
      }
      const std::size_t part = std::min(left_, out.size());
      std::memcpy(out.data(), &word_, part);
      word_ = part == sizeof word_ ? 0 : word_ >> (8 * part);
      left_ -= part;
      out = out.subspan(part);
    }
  }

 private:
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e37'79b9'7f4a'7c15;
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
    return z ^ (z >> 31);
  }

  std::uint64_t state_ = 0;
  std::uint64_t word_ = 0;
  std::size_t left_ = 0;  // bytes of word_, the lowest first
};

}  // namespace slack::worker

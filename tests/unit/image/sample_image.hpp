// A small well-formed image, made by hand, for tests that then spoil it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "daemon/base/fd.hpp"

namespace slack::image {

// One segment of constants with the header, one of text; two functions "first" and "second", of 16 bytes each; the
// second's name is in the name table only as an inlined function's would be.
struct SampleImage {
  static constexpr std::uint64_t kHeaderOffset = 0x100;  // in the file and in the first segment
  static constexpr std::uint64_t kText = 0x1000'1000;
  static constexpr std::uint64_t kSafepoint = kText + 4;

  std::vector<std::byte> bytes;

  SampleImage();
  template <typename T>
  [[nodiscard]] T& at(std::size_t offset) {
    return *reinterpret_cast<T*>(bytes.data() + offset);
  }
  [[nodiscard]] std::size_t program_header(std::size_t index) const;
  [[nodiscard]] std::size_t section_header(std::size_t index) const;  // 1 text, 2 safepoints, 3 lines, 4 names, …
  [[nodiscard]] Fd sealed() const;
  [[nodiscard]] Fd unsealed() const;
};

}  // namespace slack::image

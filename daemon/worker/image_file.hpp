// The image as the worker runs it: its segments mapped, its header and every array that the header names checked.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "daemon/base/fault.hpp"
#include "jit/image/format.hpp"
#include "jit/image/image_view.hpp"

namespace slack::worker {

// The loaded image's bytes. `slide` is what must be added to an address to reach it: 0 in a worker, where segments lie
// at their own addresses.
class ImageBytes {
 public:
  ImageBytes() = default;
  ImageBytes(std::vector<image::Segment> segments, std::uint64_t slide)
      : segments_(std::move(segments)), slide_(slide) {}

  // nullptr unless all of it lies in one segment.
  [[nodiscard]] const std::byte* at(std::uint64_t address, std::uint64_t bytes) const;
  [[nodiscard]] bool executable(std::uint64_t begin, std::uint64_t end) const;

  // Count records from an address that has been checked.
  template <typename T>
  [[nodiscard]] std::span<const T> array(std::uint64_t address, std::uint32_t count) const {
    return {reinterpret_cast<const T*>(address + slide_), count};
  }
  [[nodiscard]] std::string_view text(const image::Text& text) const {
    return {reinterpret_cast<const char*>(text.bytes + slide_), text.size};
  }
  [[nodiscard]] std::span<const image::ValueType> types(const image::Signature& signature) const {
    return array<image::ValueType>(signature.types, signature.parameter_count + signature.result_count);
  }

 private:
  std::vector<image::Segment> segments_;
  std::uint64_t slide_ = 0;
};

// The specification's implementation limits for the web have 1,000 parameters and as many results.
inline constexpr std::uint32_t kMaxSignatureTypes = 1000;

// The header, once it and all it points to has been found inside the image. ENOEXEC names what is wrong.
[[nodiscard]] Expected<const image::ImageHeader*> check_header(const ImageBytes& image, std::uint64_t header_address);

// Maps the segments of a sealed image memfd at their own addresses, text without write and data without execute.
[[nodiscard]] Expected<ImageBytes> map_image(int memfd, const image::ImageView& view);

}  // namespace slack::worker

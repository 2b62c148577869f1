// ImageView: reads an image that a compiler made, believing nothing in it: every offset is checked before use.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/base/fd.hpp"
#include "jit/image/format.hpp"

namespace slack::image {

// One loadable segment, checked: page-aligned, inside [kImage, kImageEnd), never writable and executable at once.
struct Segment {
  std::uint64_t address = 0;
  std::uint64_t memory_bytes = 0;
  std::uint64_t file_offset = 0;
  std::uint64_t file_bytes = 0;
  bool writable = false;
  bool executable = false;
};

class ImageView {
 public:
  // `image` is a sealed memfd (or, in tools, a file); a sealed one is mapped, any other copied. Faults (ENOEXEC) name
  // what is wrong.
  [[nodiscard]] static Expected<std::shared_ptr<const ImageView>> open(int image);
  virtual ~ImageView() = default;

  [[nodiscard]] virtual std::span<const Segment> segments() const = 0;
  [[nodiscard]] virtual std::uint64_t header_address() const = 0;  // of the ImageHeader (e_entry)
  [[nodiscard]] virtual std::optional<SafepointEntry> safepoint_at(std::uint64_t pc) const = 0;
  [[nodiscard]] virtual std::optional<LineEntry> line_at(std::uint64_t pc) const = 0;
  // The Wasm function whose code holds `pc`, without the prefix; nullopt outside every function.
  [[nodiscard]] virtual std::optional<std::string> function_at(std::uint64_t pc) const = 0;
  // Name of Wasm function `index`, or "func[index]" where the image has none.
  [[nodiscard]] virtual std::string function_name(std::uint32_t index) const = 0;
  // The same for the instance at `slot`, where this stands for the images of several.
  [[nodiscard]] virtual std::string function_name_in(std::uint32_t slot, std::uint32_t index) const {
    (void)slot;
    return function_name(index);
  }
};

}  // namespace slack::image

// libFuzzer target: the reader of images takes any bytes, as a compiler that was taken over may send them.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "daemon/base/address_map.hpp"
#include "daemon/base/fd.hpp"
#include "jit/image/image_view.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slack;
  static const Fd file = [] {
    auto made = make_memfd("image");
    if (!made) std::abort();
    return std::move(*made);
  }();
  if (::ftruncate(file.get(), 0) < 0 || ::pwrite(file.get(), data, size, 0) != static_cast<ssize_t>(size)) std::abort();
  const auto view = image::ImageView::open(file.get());
  if (!view) {
    if (view.error().what.empty()) std::abort();
    return 0;
  }
  for (const auto& segment : (*view)->segments()) {
    // What the worker relies on when it maps a segment.
    if (segment.address < address_map::kImage || segment.address + segment.memory_bytes > address_map::kImageEnd ||
        (segment.writable && segment.executable))
      std::abort();
    for (const std::uint64_t pc : {segment.address, segment.address + 1, segment.address + segment.memory_bytes}) {
      (void)(*view)->safepoint_at(pc);
      (void)(*view)->line_at(pc);
      (void)(*view)->function_at(pc);
    }
  }
  for (const std::uint32_t index : {0u, 1u, 7u, 0xffff'ffffu}) (void)(*view)->function_name(index);
  return 0;
}

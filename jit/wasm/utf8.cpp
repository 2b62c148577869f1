// Checks UTF-8 by the table of well-formed byte sequences.
#include "jit/wasm/utf8.hpp"

namespace slack::wasm {
namespace {

// Number of bytes of the well-formed sequence at the start of `text`, 0 if there is none.
std::size_t sequence_length(std::span<const std::uint8_t> text) {
  const std::uint8_t lead = text[0];
  if (lead < 0x80) return 1;
  std::size_t size = 0;
  // Only the second byte's range depends on the lead byte.
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xbf;
  if (lead >= 0xc2 && lead <= 0xdf) {
    size = 2;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    size = 3;
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    size = 4;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
  } else {
    return 0;
  }
  if (text.size() < size || text[1] < low || text[1] > high) return 0;
  for (std::size_t i = 2; i < size; ++i) {
    if ((text[i] & 0xc0U) != 0x80) return 0;
  }
  return size;
}

}  // namespace

std::size_t valid_utf8_prefix(std::span<const std::uint8_t> text) {
  std::size_t position = 0;
  while (position < text.size()) {
    const std::size_t size = sequence_length(text.subspan(position));
    if (size == 0) return position;
    position += size;
  }
  return position;
}

}  // namespace slack::wasm

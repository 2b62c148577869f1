// Checks UTF-8 by the table of well-formed byte sequences.
#include "daemon/base/utf8.hpp"

namespace slack {

std::size_t utf8_sequence(std::string_view text) {
  if (text.empty()) return 0;
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  std::size_t size = 0;
  // Only the second byte's range depends on the lead byte.
  unsigned char low = 0x80;
  unsigned char high = 0xbf;
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
  if (text.size() < size || byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < size; ++i)
    if ((byte(i) & 0xc0U) != 0x80) return 0;
  return size;
}

bool is_control(std::string_view sequence) {
  const auto byte = [sequence](std::size_t i) {
    return static_cast<unsigned>(static_cast<unsigned char>(sequence[i]));
  };
  switch (sequence.size()) {
    case 1:
      return byte(0) < 0x20 || byte(0) == 0x7f;
    case 2: {
      const unsigned point = (byte(0) & 0x1fU) << 6 | (byte(1) & 0x3fU);
      return point < 0xa0 || point == 0x061c;  // ARABIC LETTER MARK
    }
    case 3: {
      const unsigned point = (byte(0) & 0x0fU) << 12 | (byte(1) & 0x3fU) << 6 | (byte(2) & 0x3fU);
      // Marks; embeddings and overrides; isolates.
      return point == 0x200e || point == 0x200f || (point >= 0x202a && point <= 0x202e) ||
             (point >= 0x2066 && point <= 0x2069);
    }
    default:
      return false;
  }
}

std::size_t valid_utf8_prefix(std::string_view text) {
  std::size_t position = 0;
  while (position < text.size()) {
    const std::size_t size = utf8_sequence(text.substr(position));
    if (size == 0) break;
    position += size;
  }
  return position;
}

}  // namespace slack

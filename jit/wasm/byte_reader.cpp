// The slower halves of ByteReader: multi-byte integers, lengths, names, refusals.
#include "jit/wasm/byte_reader.hpp"

#include "daemon/base/utf8.hpp"

namespace slack::wasm {

bool ByteReader::fail_at_end() {
  return malformed(WasmOffset(base_ + static_cast<std::uint64_t>(end_ - begin_)),
                   "unexpected end of section or function");
}

// In both decoders `left` is the number of value bits not read yet. A byte that holds more than `left` bits of value
// must have the surplus zero (unsigned) or equal to the sign (signed); a byte at left <= 0 is one too many.
bool ByteReader::unsigned_leb(unsigned bits, std::uint64_t& out) {
  std::uint64_t value = 0;
  int left = static_cast<int>(bits);
  for (unsigned shift = 0;; shift += 7, left -= 7) {
    if (left <= 0) return malformed(offset(), "integer representation too long");
    if (position_ == end_) return fail_at_end();
    const std::uint8_t byte = *position_;
    if (left < 7 && (byte & 0x7fU) >= (1U << static_cast<unsigned>(left))) {
      return malformed(offset(), "integer too large");
    }
    ++position_;
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if ((byte & 0x80U) == 0) break;
  }
  out = value;
  return true;
}

bool ByteReader::signed_leb(unsigned bits, std::int64_t& out) {
  std::uint64_t value = 0;
  int left = static_cast<int>(bits);
  for (unsigned shift = 0;; shift += 7, left -= 7) {
    if (left <= 0) return malformed(offset(), "integer representation too long");
    if (position_ == end_) return fail_at_end();
    const std::uint8_t byte = *position_;
    if (left < 7) {
      const unsigned sign_and_surplus = (0x7fU << static_cast<unsigned>(left - 1)) & 0x7fU;
      const unsigned got = byte & sign_and_surplus;
      if (got != 0 && got != sign_and_surplus) return malformed(offset(), "integer too large");
    }
    ++position_;
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if ((byte & 0x80U) == 0) {
      if ((byte & 0x40U) != 0 && shift + 7 < 64) value |= ~std::uint64_t{0} << (shift + 7);
      break;
    }
  }
  out = static_cast<std::int64_t>(value);
  return true;
}

bool ByteReader::fixed(unsigned width, std::uint64_t& out) {
  if (remaining() < width) return fail_at_end();
  std::uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) value |= static_cast<std::uint64_t>(position_[i]) << (8 * i);
  position_ += width;
  out = value;
  return true;
}

bool ByteReader::bytes(std::uint64_t size, std::span<const std::uint8_t>& out) {
  if (remaining() < size) return fail_at_end();
  out = {position_, static_cast<std::size_t>(size)};
  position_ += size;
  return true;
}

bool ByteReader::length(std::uint32_t& out) {
  const WasmOffset where = offset();
  if (!u32(out)) return false;
  if (out > remaining()) return malformed(where, "length out of bounds");
  return true;
}

bool ByteReader::count(std::uint32_t& out) {
  if (!u32(out)) return false;
  return out <= remaining() || fail_at_end();
}

bool ByteReader::name(std::string_view& out) {
  std::uint32_t size = 0;
  std::span<const std::uint8_t> text;
  if (!length(size)) return false;
  const WasmOffset where = offset();
  if (!bytes(size, text)) return false;
  out = {reinterpret_cast<const char*>(text.data()), text.size()};
  if (const std::size_t good = valid_utf8_prefix(out); good != out.size()) {
    return malformed(WasmOffset(where.count() + good), "malformed UTF-8 encoding");
  }
  return true;
}

}  // namespace slack::wasm

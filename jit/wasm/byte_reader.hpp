// Reads the binary format's primitive values from a span of bytes, strictly, and keeps the first refusal.
//
// Every read returns whether it succeeded, so that reads chain with &&; after a failure `refusal()` says what and
// where. The words are those of the specification's reference decoder.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/base/units.hpp"
#include "jit/wasm/module.hpp"

namespace slack::wasm {

class ByteReader {
 public:
  // `offset_of_first`: where bytes[0] stands in the file.
  explicit ByteReader(std::span<const std::uint8_t> bytes, WasmOffset offset_of_first = WasmOffset(0))
      : begin_(bytes.data()),
        position_(bytes.data()),
        end_(bytes.data() + bytes.size()),
        base_(offset_of_first.count()) {}

  [[nodiscard]] bool at_end() const { return position_ == end_; }
  [[nodiscard]] std::size_t remaining() const { return static_cast<std::size_t>(end_ - position_); }
  [[nodiscard]] WasmOffset offset() const { return WasmOffset(base_ + static_cast<std::uint64_t>(position_ - begin_)); }
  // Unread bytes.
  [[nodiscard]] std::span<const std::uint8_t> rest() const { return {position_, end_}; }

  [[nodiscard]] bool byte(std::uint8_t& out) {
    if (position_ == end_) return fail_at_end();
    out = *position_++;
    return true;
  }
  [[nodiscard]] bool peek(std::uint8_t& out) const {
    if (position_ == end_) return false;
    out = *position_;
    return true;
  }

  // LEB128 of at most N bits, ceil(N/7) bytes at most and no stray bit in the last one.
  [[nodiscard]] bool u32(std::uint32_t& out) {
    if (position_ != end_ && *position_ < 0x80) {
      out = *position_++;
      return true;
    }
    std::uint64_t value = 0;
    const bool ok = unsigned_leb(32, value);
    out = static_cast<std::uint32_t>(value);
    return ok;
  }
  [[nodiscard]] bool s32(std::int32_t& out) {
    std::int64_t value = 0;
    const bool ok = s(32, value);
    out = static_cast<std::int32_t>(value);
    return ok;
  }
  [[nodiscard]] bool s64(std::int64_t& out) { return s(64, out); }
  [[nodiscard]] bool s33(std::int64_t& out) { return s(33, out); }
  [[nodiscard]] bool s7(std::int64_t& out) { return s(7, out); }
  [[nodiscard]] bool u1(bool& out) {
    std::uint64_t value = 0;
    const bool ok = unsigned_leb(1, value);
    out = value != 0;
    return ok;
  }

  // Little-endian, fixed width; `width` at most 8.
  [[nodiscard]] bool fixed(unsigned width, std::uint64_t& out);
  // The next `size` bytes, not copied.
  [[nodiscard]] bool bytes(std::uint64_t size, std::span<const std::uint8_t>& out);
  // The size of something to follow, in bytes.
  [[nodiscard]] bool length(std::uint32_t& out);
  // The number of things to follow, each of one byte at least: so no count can outgrow the input.
  [[nodiscard]] bool count(std::uint32_t& out);
  // A length-prefixed UTF-8 string, not copied.
  [[nodiscard]] bool name(std::string_view& out);

  // Always false, so that a caller can return it.
  [[nodiscard]] bool fail(Refusal::Kind kind, WasmOffset where, std::string reason) {
    return fail(Refusal{kind, std::move(reason), where});
  }
  [[nodiscard]] bool fail(Refusal refusal) {
    refusal_ = std::move(refusal);
    return false;
  }
  [[nodiscard]] bool malformed(WasmOffset where, std::string reason) {
    return fail(Refusal::Kind::malformed, where, std::move(reason));
  }
  [[nodiscard]] const Refusal& refusal() const { return refusal_; }

 private:
  [[nodiscard]] bool fail_at_end();
  [[nodiscard]] bool unsigned_leb(unsigned bits, std::uint64_t& out);
  [[nodiscard]] bool signed_leb(unsigned bits, std::int64_t& out);
  [[nodiscard]] bool s(unsigned bits, std::int64_t& out) {
    if (position_ != end_ && *position_ < 0x80) {
      out = static_cast<std::int64_t>(*position_ ^ 0x40) - 0x40;  // sign-extends the 7 bits
      ++position_;
      return true;
    }
    return signed_leb(bits, out);
  }

  const std::uint8_t* begin_;
  const std::uint8_t* position_;
  const std::uint8_t* end_;
  std::uint64_t base_;
  Refusal refusal_;
};

}  // namespace slack::wasm

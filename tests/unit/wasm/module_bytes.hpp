// Builds modules byte by byte for the tests of the decoder and the validator.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace slack::wasm::test {

using Buffer = std::vector<std::uint8_t>;

inline Buffer operator+(Buffer a, const Buffer& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
inline Buffer& operator+=(Buffer& a, const Buffer& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline Buffer leb(std::uint64_t value) {
  Buffer out;
  do {
    const auto low = static_cast<std::uint8_t>(value & 0x7f);
    value >>= 7;
    out.push_back(static_cast<std::uint8_t>(low | (value != 0 ? 0x80 : 0)));
  } while (value != 0);
  return out;
}
inline Buffer text(std::string_view string) {
  Buffer out = leb(string.size());
  out.insert(out.end(), string.begin(), string.end());
  return out;
}
inline Buffer header() { return {0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00}; }
inline Buffer section(std::uint8_t id, const Buffer& content) { return Buffer{id} + leb(content.size()) + content; }
inline Buffer repeat(std::uint64_t times, const Buffer& unit) {
  Buffer out;
  out.reserve(times * unit.size());
  for (std::uint64_t i = 0; i < times; ++i) out += unit;
  return out;
}
inline Buffer list(std::uint64_t size, const Buffer& unit) { return leb(size) + repeat(size, unit); }
inline Buffer body(const Buffer& operators, const Buffer& locals = {0x00}) {
  return leb(locals.size() + operators.size()) + locals + operators;
}

// A module of one function of type `type` (default [] -> []); `between` are sections 4 to 9.
inline Buffer module_with(const Buffer& operators, const Buffer& between = {}, const Buffer& type = {0x60, 0x00, 0x00},
                          const Buffer& locals = {0x00}) {
  return header() + section(1, Buffer{0x01} + type) + section(3, {0x01, 0x00}) + between +
         section(10, Buffer{0x01} + body(operators, locals));
}

}  // namespace slack::wasm::test

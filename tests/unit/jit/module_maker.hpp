// Makes modules of many functions that call each other, for tests of how a module is divided.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace slack::jit::test {

using Bytes = std::vector<std::uint8_t>;

inline void append_leb(Bytes& bytes, std::uint32_t value) {
  do {
    const auto low = static_cast<std::uint8_t>(value & 0x7f);
    value >>= 7;
    bytes.push_back(value != 0 ? low | 0x80 : low);
  } while (value != 0);
}

inline void append_section(Bytes& module, std::uint8_t id, const Bytes& content) {
  module.push_back(id);
  append_leb(module, static_cast<std::uint32_t>(content.size()));
  module.insert(module.end(), content.begin(), content.end());
}

// `functions` of type i32 → i32, the first exported as "f". Each adds numbers of its own to its parameter `additions`
// times and hands the sum to the function in the middle between itself and the last; the last returns it. Every tenth
// is tiny: one addition.
inline Bytes chain_module(std::uint32_t functions, std::uint32_t additions) {
  Bytes module = {0x00, 'a', 's', 'm', 0x01, 0x00, 0x00, 0x00};
  append_section(module, 1, {0x01, 0x60, 0x01, 0x7f, 0x01, 0x7f});
  Bytes types;
  append_leb(types, functions);
  types.resize(types.size() + functions, 0x00);
  append_section(module, 3, types);
  append_section(module, 7, {0x01, 0x01, 'f', 0x00, 0x00});
  Bytes code;
  append_leb(code, functions);
  for (std::uint32_t i = 0; i < functions; ++i) {
    Bytes body = {0x00, 0x20, 0x00};  // no locals; local.get 0
    for (std::uint32_t n = 0; n < (i % 10 == 9 ? 1 : additions); ++n) {
      body.push_back(0x41);  // i32.const
      append_leb(body, (i * 7 + n) % 64);
      body.push_back(n % 2 == 0 ? 0x6a : 0x6c);  // i32.add, i32.mul
    }
    if (i + 1 < functions) {
      body.push_back(0x10);  // call
      append_leb(body, i + 1 + (functions - 1 - (i + 1)) / 2);
    }
    body.push_back(0x0b);
    append_leb(code, static_cast<std::uint32_t>(body.size()));
    code.insert(code.end(), body.begin(), body.end());
  }
  append_section(module, 10, code);
  return module;
}

// `functions` of type () → (), the last exported as "f": the first does nothing, each other calls the one before it
// twice.
inline Bytes doubling_module(std::uint32_t functions) {
  Bytes module = {0x00, 'a', 's', 'm', 0x01, 0x00, 0x00, 0x00};
  append_section(module, 1, {0x01, 0x60, 0x00, 0x00});
  Bytes types;
  append_leb(types, functions);
  types.resize(types.size() + functions, 0x00);
  append_section(module, 3, types);
  Bytes exported = {0x01, 0x01, 'f', 0x00};
  append_leb(exported, functions - 1);
  append_section(module, 7, exported);
  Bytes code;
  append_leb(code, functions);
  for (std::uint32_t i = 0; i < functions; ++i) {
    Bytes body = {0x00};  // no locals
    for (int twice = 0; i > 0 && twice < 2; ++twice) {
      body.push_back(0x10);  // call
      append_leb(body, i - 1);
    }
    body.push_back(0x0b);
    append_leb(code, static_cast<std::uint32_t>(body.size()));
    code.insert(code.end(), body.begin(), body.end());
  }
  append_section(module, 10, code);
  return module;
}

}  // namespace slack::jit::test

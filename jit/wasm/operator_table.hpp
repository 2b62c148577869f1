// operators.def as constant data: what the reader and the validator look up for every operator.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "jit/wasm/operator.hpp"

namespace slack::wasm {

struct OperatorInfo {
  std::string_view name;
  std::string_view signature;
  Immediates immediates = Immediates::none;
  std::uint8_t prefix = 0;
  std::uint8_t opcode = 0;
  std::uint8_t cost = 0;
  std::uint8_t access_bytes = 0;  // memory operators with an alignment: bytes they touch
  std::uint8_t lanes = 0;         // operators with a lane immediate: how many lanes there are to choose from
  // The signature, unpacked; has_signature is false for "*".
  bool has_signature = false;
  bool has_result = false;
  std::uint8_t parameter_count = 0;
  std::array<ValueType, 3> parameters{};
  ValueType result{};
};

namespace detail {

constexpr ValueType type_of_letter(char letter) {
  switch (letter) {
    case 'i':
      return ValueType::i32;
    case 'l':
      return ValueType::i64;
    case 'f':
      return ValueType::f32;
    case 'd':
      return ValueType::f64;
    default:
      return ValueType::v128;
  }
}

constexpr unsigned leading_number(std::string_view text) {
  unsigned value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') break;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value;
}

// The text format spells the width out: i32.load8_s is 8 bits, v128.load16x4_u is 16 times 4, i64.store its type's.
constexpr std::uint8_t access_bytes_in(std::string_view name) {
  std::size_t at = name.find("load");
  std::size_t skip = 4;
  if (at == std::string_view::npos) {
    at = name.find("store");
    skip = 5;
  }
  const std::string_view width = name.substr(at + skip);
  unsigned bits = leading_number(width);
  if (bits == 0) return static_cast<std::uint8_t>(leading_number(name.substr(1)) / 8);
  const std::size_t times = width.find('x');
  if (times != std::string_view::npos) bits *= leading_number(width.substr(times + 1));
  return static_cast<std::uint8_t>(bits / 8);
}

constexpr OperatorInfo describe(std::string_view name, std::uint8_t prefix, std::uint8_t opcode, Immediates immediates,
                                std::string_view signature, std::uint8_t cost) {
  OperatorInfo info{
      .name = name, .signature = signature, .immediates = immediates, .prefix = prefix, .opcode = opcode, .cost = cost};
  if (immediates == Immediates::memory_access || immediates == Immediates::memory_lane) {
    info.access_bytes = access_bytes_in(name);
  }
  if (immediates == Immediates::memory_lane) info.lanes = static_cast<std::uint8_t>(16 / info.access_bytes);
  if (immediates == Immediates::lane) {
    info.lanes = static_cast<std::uint8_t>(leading_number(name.substr(name.find('x') + 1)));
  }
  if (signature == "*") return info;
  info.has_signature = true;
  const std::size_t colon = signature.find(':');
  for (std::size_t i = 0; i < colon; ++i) info.parameters[info.parameter_count++] = type_of_letter(signature[i]);
  if (colon + 1 < signature.size()) {
    info.has_result = true;
    info.result = type_of_letter(signature[colon + 1]);
  }
  return info;
}

}  // namespace detail

inline constexpr std::array<OperatorInfo, static_cast<std::size_t>(Operator::count)> kOperators = {{
#define X(enumerator, text, prefix, opcode, immediates, signature, cost) \
  detail::describe(text, prefix, opcode, Immediates::immediates, signature, cost),
#include "jit/wasm/operators.def"
#undef X
}};

[[nodiscard]] constexpr const OperatorInfo& info_of(Operator op) { return kOperators[static_cast<std::size_t>(op)]; }

}  // namespace slack::wasm

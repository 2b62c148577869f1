// Pushes, pops and matches; opens and closes blocks.
#include "jit/wasm/body_stack.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "daemon/base/wasm_numbers.hpp"

namespace slack::wasm {
namespace {

// kOneType[t] is the type whose number is t, so that a block of one result has a span to point at.
constexpr auto kOneType = [] {
  std::array<ValueType, 0x80> types{};
  for (std::size_t i = 0; i < types.size(); ++i) types[i] = static_cast<ValueType>(i);
  return types;
}();

bool matches(ValueType found, ValueType expected) { return found == expected || found == kAnyType; }

// The top bit of each byte of `word` that is not zero (Warren, Hacker's Delight, section 6-1).
std::uint64_t nonzero_bytes(std::uint64_t word) {
  constexpr std::uint64_t kLow = 0x7f7f'7f7f'7f7f'7f7f;
  return (((word & kLow) + kLow) | word) & ~kLow;
}

// Eight operands at a time: a label of a branch table may carry 1,000 of them and cost one byte of the module.
bool all_match(const ValueType* found, const ValueType* expected, std::size_t size) {
  static_assert(sizeof(ValueType) == 1 && kAnyType == ValueType{0});
  if (std::memcmp(found, expected, size) == 0) return true;
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    std::uint64_t has = 0;
    std::uint64_t wants = 0;
    std::memcpy(&has, found + i, 8);
    std::memcpy(&wants, expected + i, 8);
    if ((nonzero_bytes(has ^ wants) & nonzero_bytes(has)) != 0) return false;
  }
  for (; i < size; ++i) {
    if (!matches(found[i], expected[i])) return false;
  }
  return true;
}

}  // namespace

std::string_view name_of(ValueType type) {
  return type == kAnyType ? "any type" : value_type_name(static_cast<std::uint32_t>(type));
}

void BodyStack::reset(std::uint32_t function_type) {
  operands_.clear();
  frames_.clear();
  frames_.push_back({Operator::block, false, {BlockType::Kind::type_index, ValueType::i32, function_type}, 0});
  height_ = 0;
  is_unreachable_ = false;
}

bool BodyStack::mismatch(std::string detail) {
  return fail(Refusal::Kind::invalid, fmt::format("type mismatch: {} {}", name_of(op_), detail));
}

bool BodyStack::pop_slow(ValueType expected) {
  if (operands_.size() == height_) {
    if (is_unreachable_) return true;
    return mismatch(fmt::format("expects {}, the stack is empty", name_of(expected)));
  }
  if (!matches(operands_.back(), expected)) {
    return mismatch(fmt::format("expects {}, found {}", name_of(expected), name_of(operands_.back())));
  }
  operands_.pop_back();
  return true;
}

bool BodyStack::pop_any(ValueType& out) {
  if (operands_.size() > height_) {
    out = operands_.back();
    operands_.pop_back();
    return true;
  }
  out = kAnyType;
  return is_unreachable_ || mismatch("expects an operand, the stack is empty");
}

bool BodyStack::top_is(std::span<const ValueType> expected) {
  const std::size_t available = std::min(operands_.size() - height_, expected.size());
  if (available < expected.size() && !is_unreachable_) {
    return mismatch(fmt::format("expects {} operands, the stack holds {}", expected.size(), available));
  }
  if (available == 0) return true;
  const ValueType* found = operands_.data() + (operands_.size() - available);
  const ValueType* wanted = expected.data() + (expected.size() - available);
  if (all_match(found, wanted, available)) return true;
  for (std::size_t i = available; i-- > 0;) {
    if (!matches(found[i], wanted[i])) {
      return mismatch(fmt::format("expects {}, found {}", name_of(wanted[i]), name_of(found[i])));
    }
  }
  return true;
}

bool BodyStack::pop(std::span<const ValueType> expected) {
  if (!top_is(expected)) return false;
  operands_.resize(operands_.size() - std::min(operands_.size() - height_, expected.size()));
  return true;
}

bool BodyStack::retype(std::span<const ValueType> types) {
  if (!pop(types)) return false;
  push(types);
  return true;
}

bool BodyStack::open(Operator op, const BlockType& type) {
  if (!pop(parameters(type))) return false;
  height_ = operands_.size();
  is_unreachable_ = false;
  frames_.push_back({op, false, type, static_cast<std::uint32_t>(height_)});
  push(parameters(type));
  return true;
}

bool BodyStack::open_else(const ControlFrame& closed) {
  push(parameters(closed.type));
  return open(Operator::else_, closed.type);
}

bool BodyStack::close(ControlFrame& out) {
  out = frames_.back();
  if (!pop(results(out.type))) return false;
  if (operands_.size() != height_) {
    return mismatch(fmt::format("finds {} values too many on the stack", operands_.size() - height_));
  }
  frames_.pop_back();
  if (!frames_.empty()) {
    height_ = frames_.back().height;
    is_unreachable_ = frames_.back().is_unreachable;
  }
  return true;
}

void BodyStack::set_unreachable() {
  operands_.resize(height_);
  is_unreachable_ = true;
  frames_.back().is_unreachable = true;
}

std::span<const ValueType> BodyStack::parameters(const BlockType& type) const {
  if (type.kind != BlockType::Kind::type_index) return {};
  return module_.types[type.type_index].parameters;
}

std::span<const ValueType> BodyStack::results(const BlockType& type) const {
  switch (type.kind) {
    case BlockType::Kind::empty:
      return {};
    case BlockType::Kind::value:
      return {&kOneType[static_cast<std::size_t>(type.value)], 1};
    case BlockType::Kind::type_index:
      return module_.types[type.type_index].results;
  }
  return {};
}

}  // namespace slack::wasm

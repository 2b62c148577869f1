// The operand stack and the control stack of the specification's validation algorithm (appendix, "Validation
// Algorithm"), kept as flat arrays so that no depth of nesting recurses.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jit/wasm/module.hpp"
#include "jit/wasm/operator.hpp"

namespace slack::wasm {

// An operand that unreachable code conjures up: it matches every type.
inline constexpr ValueType kAnyType = ValueType{0};

[[nodiscard]] std::string_view name_of(ValueType type);

struct ControlFrame {
  Operator op = Operator::block;  // block, loop, if_, else_; block for the function itself
  bool is_unreachable = false;
  BlockType type;
  std::uint32_t height = 0;  // of the operand stack, the frame's parameters excluded
};

class BodyStack {
 public:
  explicit BodyStack(const Module& module) : module_(module) {}

  // Empties both stacks and opens the frame of a function.
  void reset(std::uint32_t function_type);
  // What refusals of the operands speak of.
  void begin(Operator op, WasmOffset offset) {
    op_ = op;
    offset_ = offset;
  }

  void push(ValueType type) { operands_.push_back(type); }
  void push(std::span<const ValueType> types) { operands_.insert(operands_.end(), types.begin(), types.end()); }
  [[nodiscard]] bool pop(ValueType expected) {
    if (operands_.size() > height_ && operands_.back() == expected) {
      operands_.pop_back();
      return true;
    }
    return pop_slow(expected);
  }
  // Whatever is there; kAnyType where unreachable code has nothing left.
  [[nodiscard]] bool pop_any(ValueType& out);
  [[nodiscard]] bool pop(std::span<const ValueType> expected);
  // As pop, but leaves the operands: what a branch that may not be taken asks for.
  [[nodiscard]] bool top_is(std::span<const ValueType> expected);
  // Replaces matching operands by exactly these types: a br_if's operands afterwards.
  [[nodiscard]] bool retype(std::span<const ValueType> types);
  [[nodiscard]] std::size_t operands() const { return operands_.size(); }

  [[nodiscard]] bool open(Operator op, const BlockType& type);
  // Opens the other branch of an if that was just closed: its parameters are there again.
  [[nodiscard]] bool open_else(const ControlFrame& closed);
  // Checks the results and closes the innermost frame; does not push the results.
  [[nodiscard]] bool close(ControlFrame& out);
  void set_unreachable();
  [[nodiscard]] bool is_closed() const { return frames_.empty(); }
  // The frame that label `depth` names, null where there is none.
  [[nodiscard]] const ControlFrame* label(std::uint32_t depth) const {
    return depth < frames_.size() ? &frames_[frames_.size() - 1 - depth] : nullptr;
  }
  [[nodiscard]] const ControlFrame& outermost() const { return frames_.front(); }

  [[nodiscard]] std::span<const ValueType> parameters(const BlockType& type) const;
  [[nodiscard]] std::span<const ValueType> results(const BlockType& type) const;
  // Types that a branch to the frame carries.
  [[nodiscard]] std::span<const ValueType> label_types(const ControlFrame& frame) const {
    return frame.op == Operator::loop ? parameters(frame.type) : results(frame.type);
  }

  // Always false.
  [[nodiscard]] bool mismatch(std::string detail);
  [[nodiscard]] bool fail(Refusal::Kind kind, std::string reason) { return fail({kind, std::move(reason), offset_}); }
  [[nodiscard]] bool fail(Refusal refusal) {
    refusal_ = std::move(refusal);
    return false;
  }
  [[nodiscard]] const Refusal& refusal() const { return refusal_; }

 private:
  [[nodiscard]] bool pop_slow(ValueType expected);

  const Module& module_;
  std::vector<ValueType> operands_;
  std::vector<ControlFrame> frames_;
  // Copies of the innermost frame's fields, for speed.
  std::size_t height_ = 0;
  bool is_unreachable_ = false;
  Operator op_{};
  WasmOffset offset_;
  Refusal refusal_;
};

}  // namespace slack::wasm

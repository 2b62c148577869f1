// Reads function bodies.
#include "tests/reference/body.hpp"

namespace slack::reference {

Body read_body(const wasm::Function& function) {
  Body body;
  std::vector<std::uint32_t> open;  // blocks, and the `else` of an `if`
  wasm::OperatorReader reader(function.body, function.body_offset);
  wasm::Instruction instruction;
  while (!reader.at_end() && reader.read(instruction)) {
    const auto position = static_cast<std::uint32_t>(body.size());
    body.push_back({instruction});
    switch (instruction.op) {
      case wasm::Operator::block:
      case wasm::Operator::loop:
      case wasm::Operator::if_:
        open.push_back(position);
        break;
      case wasm::Operator::else_:
        body[open.back()].otherwise = position + 1;
        open.push_back(position);
        break;
      case wasm::Operator::end:
        if (open.empty()) break;  // the function's own
        if (body[open.back()].instruction.op == wasm::Operator::else_) {
          body[open.back()].end = position;
          open.pop_back();
        } else if (body[open.back()].instruction.op == wasm::Operator::if_) {
          body[open.back()].otherwise = position;
        }
        body[open.back()].end = position;
        open.pop_back();
        break;
      default:
        break;
    }
  }
  return body;
}

}  // namespace slack::reference

// The least fuel that one call of a function spends, divided by who is to charge it.
#include "jit/meter/shortest_way.hpp"

#include <algorithm>

namespace slack::meter {

using wasm::Operator;

namespace {

std::optional<std::uint64_t> least(std::optional<std::uint64_t> a, std::optional<std::uint64_t> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

// Whether a service carries it out, which is given the exact figure.
bool is_service(Operator op) { return costs_by_length(op) || op == Operator::data_drop || op == Operator::elem_drop; }

bool ends_stretch(Operator op) {
  switch (op) {
    case Operator::loop:
    case Operator::if_:
    case Operator::br_table:
    case Operator::br_if:
    case Operator::br:
    case Operator::return_:
    case Operator::unreachable:
    case Operator::call:
    case Operator::call_indirect:
      return true;
    default:
      return is_service(op);
  }
}

}  // namespace

void ShortestWay::Spent::join(const Spent& other) {
  from_entry = least(from_entry, other.from_entry);
  observed = least(observed, other.observed);
}

void ShortestWay::Spent::spend(std::uint64_t fuel) {
  if (from_entry) *from_entry += fuel;
  if (observed) *observed += fuel;
}

void ShortestWay::Spent::observe(std::uint64_t owed) {
  if (from_entry || observed) *this = {std::nullopt, owed};
}

void ShortestWay::pass(const wasm::Instruction& instruction, std::uint64_t cost) {
  ways_.now.spend(cost);
  is_first_call_ = !straight_ && instruction.op == Operator::call;
  if (ends_stretch(instruction.op)) end_straight();
  if (is_service(instruction.op) || instruction.op == Operator::loop) ways_.now.observe();
  // At the end of a round its add stands before the branch: what goes on there starts from nothing.
  const auto end_round = [&] { ways_.now.observe(); };
  const auto end_way = [&] {
    end_straight();
    if (instruction.op != Operator::unreachable) returned_.join(ways_.now);
  };
  ways_.pass(instruction, end_round, end_way);
}

void ShortestWay::call(const Callee& callee) {
  if (is_first_call_) first_callee_ = callee;
  ways_.now.observe(callee.owed);
}

void ShortestWay::end_straight() {
  if (!straight_) straight_ = ways_.now.from_entry;
}

std::uint64_t ShortestWay::owed(std::uint64_t prepaid) const {
  auto unobserved = returned_.from_entry;
  if (unobserved) *unobserved -= std::min(*unobserved, prepaid);
  return least(unobserved, returned_.observed).value_or(0);
}

}  // namespace slack::meter

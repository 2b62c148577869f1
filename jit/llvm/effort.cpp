// How much the optimiser and the code generator may spend on a function.
#include "jit/llvm/effort.hpp"

#include <algorithm>
#include <string_view>

#include "jit/wasm/operator.hpp"

namespace slack::jit {

namespace {

using wasm::Operator;

// Each bound is where LLVM's full pipeline takes some ten to twenty seconds for a function made to be slow there. In
// parentheses: the most that the programs of the benchmark have, the first two in one function of 323 kB, the next in
// others of 60 kB at the most.
constexpr std::uint64_t kMostWhole = 250'000;      // (210,832) 6,000 indirect calls one after the other: 15 s
constexpr std::uint64_t kMostStretch = 50'000;     // (49,658) each load of 10,000 taking the last one's value: 20 s
constexpr std::uint64_t kMostValues = 20'000'000;  // (56,364) 10,000 locals live through 2,000 ifs: 3 s
constexpr std::uint64_t kMostLive = 1'500;         // 10,000 loads, then all their values taken: 150 s
constexpr std::uint32_t kMostLoops = 250;  // (93) one after the other, with a load and a store each: 8 s; 450: 26 s

// Up to this a body may be inlined, with what was inlined into it.
constexpr std::size_t kSmallBody = 64;

// How control goes on behind an operator.
enum class Flow : std::uint8_t { on, splits, meets };

struct Share {
  std::uint64_t instructions = 1;
  Flow flow = Flow::on;
};

// Blocks that a label joins are counted where they end; those of explicit checks where they are made.
Share share_of(const wasm::Module& module, const wasm::Instruction& instruction) {
  switch (instruction.op) {
    case Operator::nop:
    case Operator::drop:
    case Operator::block:
    case Operator::local_get:
    case Operator::i32_const:
    case Operator::i64_const:
    case Operator::f32_const:
    case Operator::f64_const:
    case Operator::v128_const:
      return {0, Flow::on};
    case Operator::end:
      return {1, Flow::meets};
    case Operator::loop:
      return {4, Flow::meets};
    case Operator::if_:
    case Operator::else_:
    case Operator::br:
    case Operator::br_if:
    case Operator::return_:
    case Operator::unreachable:
      return {3, Flow::splits};
    case Operator::br_table:
      return {4 + instruction.labels.size(), Flow::splits};
    case Operator::call: {
      const auto& type = module.type_of(instruction.index);
      const auto& body = module.functions[instruction.index].body;
      const bool is_small = !body.empty() && body.size() <= kSmallBody;
      return {(is_small ? 60u : 6u) + type.parameters.size() + 2 * type.results.size(), Flow::on};
    }
    case Operator::call_indirect: {
      const auto& type = module.types[instruction.index];
      return {40 + type.parameters.size() + 2 * type.results.size(), Flow::splits};
    }
    case Operator::global_get:
    case Operator::global_set:
      return {2, Flow::on};
    default:
      break;
  }
  if (wasm::access_bytes_of(instruction.op) != 0) return {3, Flow::on};
  // A v128 is cast to lanes and back. 30,000 of them one after the other take the selector 75 s.
  return {instruction.op > Operator::v128_const ? 4u : 1u, Flow::on};
}

// By how much the stack of operands grows. What blocks take and leave is not followed: their operands wait all the
// same.
std::int64_t growth_of(const wasm::Module& module, const wasm::Instruction& instruction) {
  const auto growth = [](std::size_t takes, std::size_t leaves) {
    return static_cast<std::int64_t>(leaves) - static_cast<std::int64_t>(takes);
  };
  switch (instruction.op) {
    case Operator::local_get:
    case Operator::global_get:
    case Operator::ref_func:
    case Operator::ref_null:
      return 1;
    case Operator::local_set:
    case Operator::global_set:
    case Operator::drop:
    case Operator::if_:
    case Operator::br_if:
    case Operator::br_table:
      return -1;
    case Operator::select:
    case Operator::select_typed:
      return -2;
    case Operator::call: {
      const auto& type = module.type_of(instruction.index);
      return growth(type.parameters.size(), type.results.size());
    }
    case Operator::call_indirect: {
      const auto& type = module.types[instruction.index];
      return growth(type.parameters.size() + 1, type.results.size());
    }
    default:
      break;
  }
  const auto signature = wasm::signature_of(instruction.op);
  const auto colon = signature.find(':');
  return colon == std::string_view::npos ? 0 : growth(colon, signature.size() - colon - 1);
}

}  // namespace

Bulk bulk_of(const wasm::Module& module, const wasm::Function& function) {
  Bulk bulk;
  const std::uint64_t locals = function.locals.size() + module.types[function.type].parameters.size();
  wasm::OperatorReader reader(function.body, function.body_offset);
  wasm::Instruction instruction;
  std::uint64_t stretch = 0;
  std::int64_t live = 0;
  while (!reader.at_end() && reader.read(instruction)) {
    const Share share = share_of(module, instruction);
    bulk.whole += share.instructions;
    stretch += share.instructions;
    bulk.stretch = std::max(bulk.stretch, stretch);
    if (share.flow != Flow::on) stretch = 0;
    if (share.flow == Flow::meets) bulk.values += locals;
    live = std::max<std::int64_t>(0, live + growth_of(module, instruction));
    bulk.live = std::max(bulk.live, static_cast<std::uint64_t>(live));
    bulk.loops += instruction.op == Operator::loop ? 1 : 0;
  }
  return bulk;
}

Effort effort_for(const Bulk& bulk) {
  const bool is_usual = bulk.whole <= kMostWhole && bulk.stretch <= kMostStretch && bulk.values <= kMostValues &&
                        bulk.live <= kMostLive && bulk.loops <= kMostLoops;
  return is_usual ? Effort::full : Effort::quick;
}

}  // namespace slack::jit

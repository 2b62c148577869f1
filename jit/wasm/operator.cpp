// Names, immediates, signatures and costs of operators, out of the one table.
#include "jit/wasm/operator.hpp"

#include "jit/wasm/operator_table.hpp"

namespace slack::wasm {

static_assert(info_of(Operator::i64_load32_u).access_bytes == 4);
static_assert(info_of(Operator::v128_load32x2_s).access_bytes == 8);
static_assert(info_of(Operator::v128_store16_lane).lanes == 8);
static_assert(info_of(Operator::i16x8_replace_lane).lanes == 8);
static_assert(info_of(Operator::f64_store).access_bytes == 8);

FunctionType type_of(const Module& module, const BlockType& type) {
  switch (type.kind) {
    case BlockType::Kind::empty:
      return {};
    case BlockType::Kind::value:
      return {{}, {type.value}};
    case BlockType::Kind::type_index:
      return module.types[type.type_index];
  }
  return {};
}

std::string_view name_of(Operator op) { return info_of(op).name; }
Immediates immediates_of(Operator op) { return info_of(op).immediates; }
std::string_view signature_of(Operator op) { return info_of(op).signature; }
std::uint32_t base_cost_of(Operator op) { return info_of(op).cost; }
std::uint32_t access_bytes_of(Operator op) { return info_of(op).access_bytes; }

}  // namespace slack::wasm

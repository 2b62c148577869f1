// The table of result keys, from result.def, and its agreement with RunResult.
#include "daemon/wire/result.hpp"

#include <array>
#include <type_traits>

namespace slack {
namespace {

constexpr std::array kTable{
#define X(name, type, unit, meaning) ResultRow{#name, type, unit, meaning},
#include "daemon/wire/result.def"
#undef X
};

template <typename Field>
constexpr std::string_view signature_of() {
  using Value = typename Field::value_type;
  if constexpr (std::is_same_v<Value, std::uint64_t>) return "t";
  if constexpr (std::is_same_v<Value, std::int32_t>) return "i";
  if constexpr (std::is_same_v<Value, bool>) return "b";
  if constexpr (std::is_same_v<Value, std::string>) return "s";
  return "?";
}

#define X(name, type, unit, meaning) \
  static_assert(signature_of<decltype(RunResult::name)>() == type, "type of RunResult::" #name);
#include "daemon/wire/result.def"
#undef X

}  // namespace

std::span<const ResultRow> result_table() { return kTable; }

}  // namespace slack

// Looks verdicts up in verdict.def.
#include "daemon/wire/verdict.hpp"

#include <array>

namespace slack {
namespace {

struct Row {
  std::string_view name;
  int exit_code;
  std::string_view meaning;
};
constexpr std::array kRows{
#define X(name, exit_code, meaning) Row{#name, exit_code, meaning},
#include "daemon/wire/verdict.def"
#undef X
};

}  // namespace

std::string_view name_of(Verdict verdict) { return kRows.at(static_cast<std::size_t>(verdict)).name; }
std::string_view meaning_of(Verdict verdict) { return kRows.at(static_cast<std::size_t>(verdict)).meaning; }
int exit_code_of(Verdict verdict) { return kRows.at(static_cast<std::size_t>(verdict)).exit_code; }

std::optional<Verdict> verdict_named(std::string_view name) {
  for (std::size_t i = 0; i < kRows.size(); ++i)
    if (kRows[i].name == name) return static_cast<Verdict>(i);
  return std::nullopt;
}

}  // namespace slack

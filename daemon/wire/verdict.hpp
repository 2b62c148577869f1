// Verdict: what became of a run. Every run ends in exactly one, the first one reached.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace slack {

enum class Verdict : std::uint8_t {
#define X(name, exit_code, meaning) name,
#include "daemon/wire/verdict.def"
#undef X
};

// The reason of a `killed` run whose own client asked for it.
inline constexpr std::string_view kStoppedByClient = "stopped by its client";

[[nodiscard]] std::string_view name_of(Verdict verdict);
[[nodiscard]] std::string_view meaning_of(Verdict verdict);
[[nodiscard]] std::optional<Verdict> verdict_named(std::string_view name);
// What `slackctl run` exits with; for `ok` the module's own code modulo 256 goes instead.
[[nodiscard]] int exit_code_of(Verdict verdict);

}  // namespace slack

// Holds decoder and validator to the official suite: every module of it must be accepted, or refused as the kind and
// with the words that the suite asks for.
#include <cstdio>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "jit/wasm/decode.hpp"
#include "tests/spec/suite.hpp"

namespace {

using slack::spec::ModuleCommand;
using slack::wasm::Refusal;

struct Counts {
  unsigned valid = 0;
  unsigned invalid = 0;
  unsigned malformed = 0;
  unsigned text = 0;
  unsigned failed = 0;

  Counts& operator+=(const Counts& other) {
    valid += other.valid;
    invalid += other.invalid;
    malformed += other.malformed;
    text += other.text;
    failed += other.failed;
    return *this;
  }
  [[nodiscard]] std::string describe() const {
    return fmt::format("{} valid, {} invalid, {} malformed, {} in text format not looked at, {} failed", valid, invalid,
                       malformed, text, failed);
  }
};

const char* name_of(Refusal::Kind kind) {
  switch (kind) {
    case Refusal::Kind::malformed:
      return "malformed";
    case Refusal::Kind::invalid:
      return "invalid";
    case Refusal::Kind::unsupported:
      return "unsupported";
    case Refusal::Kind::over_limit:
      return "over limit";
  }
  return "?";
}

// What decoder and validator say to the module; nothing where they accept it.
std::string verdict_on(const std::vector<std::uint8_t>& bytes) {
  auto module = slack::wasm::decode(bytes);
  Refusal refusal;
  if (!module) {
    refusal = module.error();
  } else if (auto checked = slack::wasm::validate(*module); !checked) {
    refusal = checked.error();
  } else {
    return {};
  }
  return fmt::format("{}: {} (at byte {})", name_of(refusal.kind), refusal.reason, refusal.offset.count());
}

bool holds(const ModuleCommand& command, const std::string& verdict) {
  switch (command.expectation) {
    case ModuleCommand::Expectation::valid:
      return verdict.empty();
    case ModuleCommand::Expectation::invalid:
      return verdict.starts_with("invalid: " + command.text);
    case ModuleCommand::Expectation::malformed:
      return verdict.starts_with("malformed: " + command.text);
  }
  return false;
}

Counts check(const std::filesystem::path& script, const std::vector<ModuleCommand>& commands, bool is_verbose) {
  Counts counts;
  for (const ModuleCommand& command : commands) {
    if (command.is_text) {
      ++counts.text;
      continue;
    }
    const auto bytes = slack::spec::read_file(command.module);
    const std::string verdict = bytes ? verdict_on(*bytes) : "cannot be read";
    const bool is_good = holds(command, verdict);
    if (!is_good) {
      ++counts.failed;
    } else if (command.expectation == ModuleCommand::Expectation::valid) {
      ++counts.valid;
    } else {
      ++(command.expectation == ModuleCommand::Expectation::invalid ? counts.invalid : counts.malformed);
    }
    if (is_good && !is_verbose) continue;
    fmt::print("  {}:{} {}: expected {}, got {}\n", script.filename().string(), command.line,
               command.module.filename().string(), command.text.empty() ? "acceptance" : command.text,
               verdict.empty() ? "acceptance" : verdict);
  }
  return counts;
}

}  // namespace

int main(int argc, char** argv) {
  const bool is_verbose = argc == 3 && std::string_view(argv[1]) == "--verbose";
  if (argc != 2 && !is_verbose) {
    fmt::print(stderr, "usage: spec-validate [--verbose] DIRECTORY-OF-SUITE\n");
    return 64;
  }
  const std::vector<std::filesystem::path> scripts = slack::spec::scripts_in(argv[argc - 1]);
  if (scripts.empty()) {
    fmt::print(stderr, "spec-validate: no script (*.json) under {}\n", argv[argc - 1]);
    return 66;
  }
  Counts total;
  for (const auto& script : scripts) {
    const auto commands = slack::spec::module_commands_of(script);
    if (!commands) {
      fmt::print(stderr, "spec-validate: {} is no script of the suite\n", script.string());
      ++total.failed;
      continue;
    }
    const Counts counts = check(script, *commands, is_verbose);
    fmt::print("{}: {}\n", script.stem().string(), counts.describe());
    total += counts;
  }
  fmt::print("total: {} files, {}\n", scripts.size(), total.describe());
  return total.failed == 0 ? 0 : 1;
}

// The official test suite after wast2json: one JSON file of commands for each script, binary modules beside it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace slack::spec {

// A command that carries a module of its own. Assertions on running code are not its business.
struct ModuleCommand {
  enum class Expectation : std::uint8_t { valid, invalid, malformed } expectation = Expectation::valid;
  bool is_text = false;  // in the text format, which slackd does not read
  unsigned line = 0;
  std::string text;  // what the refusal must begin with
  std::filesystem::path module;
};

// Every script of the suite in `directory`, in order of name.
[[nodiscard]] std::vector<std::filesystem::path> scripts_in(const std::filesystem::path& directory);

// None where the file is no script of the suite.
[[nodiscard]] std::optional<std::vector<ModuleCommand>> module_commands_of(const std::filesystem::path& script);

// None where it cannot be read.
[[nodiscard]] std::optional<std::vector<std::uint8_t>> read_file(const std::filesystem::path& path);

}  // namespace slack::spec

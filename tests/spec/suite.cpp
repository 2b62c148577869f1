// Reads the suite's JSON scripts.
#include "tests/spec/suite.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <system_error>

#include <nlohmann/json.hpp>

namespace slack::spec {

std::vector<std::filesystem::path> scripts_in(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> scripts;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().extension() == ".json") scripts.push_back(it->path());
  }
  std::sort(scripts.begin(), scripts.end());
  return scripts;
}

std::optional<std::vector<std::uint8_t>> read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::vector<std::uint8_t>(std::istreambuf_iterator<char>(file), {});
}

std::optional<std::vector<ModuleCommand>> module_commands_of(const std::filesystem::path& script) {
  std::ifstream file(script);
  const nlohmann::json json = nlohmann::json::parse(file, nullptr, false);
  if (json.is_discarded() || !json.contains("commands")) return std::nullopt;
  std::vector<ModuleCommand> commands;
  for (const auto& entry : json["commands"]) {
    const std::string type = entry.value("type", "");
    ModuleCommand command;
    if (type == "assert_invalid") {
      command.expectation = ModuleCommand::Expectation::invalid;
    } else if (type == "assert_malformed") {
      command.expectation = ModuleCommand::Expectation::malformed;
    } else if (type != "module" && type != "assert_unlinkable" && type != "assert_uninstantiable") {
      continue;
    }
    command.is_text = entry.value("module_type", "binary") == "text";
    command.line = entry.value("line", 0U);
    command.text = entry.value("text", "");
    command.module = script.parent_path() / entry.value("filename", "");
    commands.push_back(std::move(command));
  }
  return commands;
}

}  // namespace slack::spec

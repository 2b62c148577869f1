// Runs the official WebAssembly suite through the code generator: compiles every module, performs every action, and
// holds results and traps against what the suite says.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/spec-run/instance_process.hpp"
#include "tests/spec-run/values.hpp"

namespace {

using nlohmann::json;
using slack::spec::InstanceProcess;

// Returns a canonical NaN whose sign it has changed: that is no arithmetic, and stays negative in deterministic mode.
constexpr char kNegatesNan[] = "f64x2_neg_canon";

struct Totals {
  unsigned passed = 0;
  unsigned failed = 0;
  unsigned skipped = 0;  // actions on modules that need another instance
};

struct Settings {
  std::filesystem::path directory;
  std::string only;
  std::ofstream fuel_log;  // one line an action: script, line, fuel
  slack::jit::CompileOptions options;
};

class ScriptRun {
 public:
  ScriptRun(Settings& settings, const std::filesystem::path& script, Totals& totals)
      : settings_(settings), script_(script), totals_(totals) {}

  void run() {
    std::ifstream file(script_);
    const auto content = json::parse(file);
    for (const auto& command : content["commands"]) perform(command);
  }

 private:
  void perform(const json& command) {
    const auto& type = command["type"].get_ref<const std::string&>();
    line_ = command["line"];
    if (type == "module") {
      load(command, true);
    } else if (type == "assert_return") {
      expect_return(command);
    } else if (type == "assert_trap" || type == "assert_exhaustion") {
      expect_trap(command);
    } else if (type == "action") {
      auto* instance = instance_for(command["action"]);
      if (instance) judge(act(*instance, command["action"])["outcome"] == "returned", "action failed");
    } else if (type == "assert_uninstantiable") {
      load(command, false);
    } else if (type == "register") {
      registered_.push_back(command.contains("name") ? named_[command["name"].get<std::string>()] : current_);
    }
    // What is malformed, invalid or cannot be linked never reaches the generator: spec-validate's part.
  }

  void load(const json& command, bool expect_success) {
    const auto* file = command.contains("binary_filename") ? "binary_filename" : "filename";
    const auto module = script_.parent_path() / command[file].get<std::string>();
    auto process = InstanceProcess::start(module, settings_.options);
    if (!process) {
      judge(false, process.error().what);
      return;
    }
    std::shared_ptr<InstanceProcess> instance = std::move(*process);
    const json started = instance->started();
    const auto outcome = started["outcome"].get<std::string>();
    if (outcome == "skipped") {
      ++totals_.skipped;
      instance = nullptr;
      // It may have changed what it imports: those instances no longer are what the script believes them to be.
      if (started["text"].get<std::string>().starts_with("imports ")) {
        for (const auto& other : registered_) stale_.insert(other);
      }
      if (!expect_success) return;
    } else if (expect_success) {
      judge(outcome == "ready", "module not instantiated: " + started.value("text", ""));
      log_fuel(started);
      if (outcome != "ready") instance = nullptr;
    } else {
      judge(outcome == "trapped" && agrees(command, started), "should not be instantiated, but: " + started.dump());
      return;  // the script goes on with the module before
    }
    current_ = instance;
    if (command.contains("name")) named_[command["name"].get<std::string>()] = instance;
  }

  InstanceProcess* instance_for(const json& action) {
    const auto& instance = action.contains("module") ? named_[action["module"].get<std::string>()] : current_;
    if (instance && !stale_.contains(instance)) return instance.get();
    ++totals_.skipped;
    return nullptr;
  }

  json act(InstanceProcess& instance, const json& action) {
    auto reply = instance.perform(action);
    log_fuel(reply);
    if (reply["outcome"] == "returned" && reply["published"] > reply["fuel"]) {
      reply = {{"outcome", "fault"}, {"text", "published fuel above the exact figure"}};
    }
    return reply;
  }

  void log_fuel(const json& reply) {
    if (!settings_.fuel_log.is_open() || !reply.contains("fuel")) return;
    settings_.fuel_log << script_.stem().string() << ' ' << line_ << ' ' << reply["outcome"].get<std::string>() << ' '
                       << reply["fuel"] << '\n';
  }

  void expect_return(const json& command) {
    auto* instance = instance_for(command["action"]);
    if (!instance) return;
    const auto reply = act(*instance, command["action"]);
    const auto& expected = command["expected"];
    const bool canonical_nans = settings_.options.canonical_nans && command["action"]["field"] != kNegatesNan;
    bool right = reply["outcome"] == "returned" && reply["values"].size() == expected.size();
    for (std::size_t i = 0; right && i < expected.size(); ++i) {
      right = slack::spec::matches(expected[i], slack::spec::from_json(reply["values"][i]), canonical_nans);
    }
    judge(right, "expected " + expected.dump() + ", got " + reply.dump());
  }

  void expect_trap(const json& command) {
    auto* instance = instance_for(command["action"]);
    if (!instance) return;
    const auto reply = act(*instance, command["action"]);
    judge(reply["outcome"] == "trapped" && agrees(command, reply),
          "expected " + command["text"].dump() + ", got " + reply.dump());
  }

  // The suite says more of some traps than their name ("uninitialized element 2").
  static bool agrees(const json& command, const json& reply) {
    const auto wanted = command["text"].get<std::string>();
    const auto text = reply.value("text", "?");
    return wanted.starts_with(text) || text.starts_with(wanted);
  }

  void judge(bool right, const std::string& otherwise) {
    if (right) {
      ++totals_.passed;
    } else {
      ++totals_.failed;
      fmt::print("{}:{}: {}\n", script_.stem().string(), line_, otherwise);
    }
  }

  Settings& settings_;
  std::filesystem::path script_;
  Totals& totals_;
  unsigned line_ = 0;
  std::shared_ptr<InstanceProcess> current_;
  std::map<std::string, std::shared_ptr<InstanceProcess>> named_;
  std::vector<std::shared_ptr<InstanceProcess>> registered_;
  std::set<std::shared_ptr<InstanceProcess>> stale_;
};

int usage() {
  fmt::print(stderr,
             "usage: spec-run DIR [--only SCRIPT] [--metering none|counted|slacked] [--deterministic] [--cpu NAME] "
             "[--fuel-log FILE]\n");
  return 64;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const bool has_value = i + 1 < argc;
    if (argument == "--only" && has_value) {
      settings.only = argv[++i];
    } else if (argument == "--fuel-log" && has_value) {
      settings.fuel_log.open(argv[++i]);
    } else if (argument == "--metering" && has_value) {
      const auto metering = slack::metering_named(argv[++i]);
      if (!metering) return usage();
      settings.options.metering = *metering;
    } else if (argument == "--cpu" && has_value) {
      settings.options.cpu = argv[++i];
    } else if (argument == "--deterministic") {
      settings.options.canonical_nans = true;
    } else if (settings.directory.empty() && !argument.starts_with("--")) {
      settings.directory = argument;
    } else {
      return usage();
    }
  }
  if (settings.directory.empty()) return usage();
  std::vector<std::filesystem::path> scripts;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(settings.directory)) {
    const auto& path = entry.path();
    if (path.extension() == ".json" && (settings.only.empty() || path.stem() == settings.only)) scripts.push_back(path);
  }
  std::sort(scripts.begin(), scripts.end());
  Totals totals;
  for (const auto& script : scripts) {
    ScriptRun(settings, script, totals).run();
    std::fflush(stdout);
  }
  fmt::print("{} passed, {} failed, {} skipped\n", totals.passed, totals.failed, totals.skipped);
  return totals.failed == 0 && totals.passed != 0 ? 0 : 1;
}

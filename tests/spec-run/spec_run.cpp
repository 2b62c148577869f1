// Runs the official WebAssembly suite through the code generator: compiles every module, performs every action, and
// holds results and traps against what the suite says.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/spec-run/store_process.hpp"
#include "tests/spec-run/values.hpp"

namespace {

using nlohmann::json;
using slack::spec::StoreProcess;

// Returns a canonical NaN whose sign it has changed: that is no arithmetic, and stays negative in deterministic mode.
constexpr char kNegatesNan[] = "f64x2_neg_canon";

struct Totals {
  unsigned passed = 0;
  unsigned failed = 0;
  unsigned skipped = 0;  // modules that this compiler does not support, and actions on them
};

struct Settings {
  std::filesystem::path directory;
  std::string only;
  std::ofstream fuel_log;  // one line an action: script, line, fuel
  slack::jit::CompileOptions options;
  slack::Fd spectest;  // its image
};

// An instance in its store; released when neither the script's position nor a name leads to it.
struct Instance {
  Instance(std::shared_ptr<StoreProcess> its_store, unsigned its_number)
      : store(std::move(its_store)), number(its_number) {}
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  ~Instance() { store->release(number); }
  std::shared_ptr<StoreProcess> store;
  unsigned number;
};
using InstancePtr = std::shared_ptr<Instance>;

class ScriptRun {
 public:
  ScriptRun(Settings& settings, const std::filesystem::path& script, Totals& totals)
      : settings_(settings), script_(script), totals_(totals) {}

  void run() {
    std::ifstream file(script_);
    const auto content = json::parse(file);
    const auto& commands = content["commands"];
    // Where no module imports from another each has a process, and the addresses of the module that is run.
    shares_store_ =
        std::any_of(commands.begin(), commands.end(), [](const json& each) { return each["type"] == "register"; });
    for (const auto& command : commands) perform(command);
  }

 private:
  void perform(const json& command) {
    const auto& type = command["type"].get_ref<const std::string&>();
    line_ = command["line"];
    if (type == "module") {
      load(command);
    } else if (type == "assert_return") {
      expect_return(command);
    } else if (type == "assert_trap" || type == "assert_exhaustion") {
      expect_trap(command);
    } else if (type == "action") {
      auto* instance = instance_for(command["action"]);
      if (instance) judge(act(*instance, command["action"])["outcome"] == "returned", "action failed");
    } else if (type == "assert_uninstantiable") {
      expect_failure(command, "trapped");
    } else if (type == "assert_unlinkable") {
      expect_failure(command, "unlinkable");
    } else if (type == "register") {
      auto instance = command.contains("name") ? named_[command["name"].get<std::string>()] : current_;
      if (!instance) return;
      instance->store->enter(instance->number, command["as"].get<std::string>());
      registered_.push_back(std::move(instance));
    }
    // What is malformed or invalid never reaches the generator: spec-validate's part.
  }

  // Null, with the fault judged, if there can be no process for it.
  std::shared_ptr<StoreProcess> store() {
    if (shares_store_ && store_) return store_;
    auto started = StoreProcess::start(settings_.options, settings_.spectest);
    if (!started) {
      judge(false, started.error().what);
      return nullptr;
    }
    store_ = std::move(*started);
    return store_;
  }

  json load_into(StoreProcess& store, const json& command) {
    const auto* file = command.contains("binary_filename") ? "binary_filename" : "filename";
    return store.load(script_.parent_path() / command[file].get<std::string>());
  }

  void load(const json& command) {
    current_ = nullptr;  // its addresses are free for this one
    if (command.contains("name")) named_[command["name"].get<std::string>()] = nullptr;
    const auto store = this->store();
    if (!store) return;
    const auto started = load_into(*store, command);
    if (started["outcome"] == "skipped") {
      ++totals_.skipped;
      return;
    }
    judge(started["outcome"] == "ready", "module not instantiated: " + started.dump());
    log_fuel(started);
    if (started["outcome"] != "ready") return;
    current_ = std::make_shared<Instance>(store, started["instance"].get<unsigned>());
    if (command.contains("name")) named_[command["name"].get<std::string>()] = current_;
  }

  // The script goes on with the module before.
  void expect_failure(const json& command, const char* outcome) {
    const auto store = this->store();
    if (!store) return;
    const auto started = load_into(*store, command);
    if (started["outcome"] == "skipped") {
      ++totals_.skipped;
      return;
    }
    judge(started["outcome"] == outcome && agrees(command, started),
          "expected " + command["text"].dump() + ", got " + started.dump());
    if (started.contains("instance")) store->release(started["instance"].get<unsigned>());
  }

  Instance* instance_for(const json& action) {
    const auto& instance = action.contains("module") ? named_[action["module"].get<std::string>()] : current_;
    if (!instance) ++totals_.skipped;
    return instance.get();
  }

  json act(Instance& instance, const json& action) {
    auto reply = instance.store->perform(instance.number, action);
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
  bool shares_store_ = false;
  std::shared_ptr<StoreProcess> store_;  // the last one started
  InstancePtr current_;
  std::map<std::string, InstancePtr> named_;
  std::vector<InstancePtr> registered_;
};

int usage() {
  fmt::print(stderr,
             "usage: spec-run DIR [--only SCRIPT] [--metering none|counted|slacked|checked|epoch] [--deterministic] "
             "[--cpu NAME] [--partition BYTES] [--quick] "
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
    } else if (argument == "--partition" && has_value) {  // 1: each function by itself
      settings.options.partition_bytes =
          static_cast<std::uint32_t>(std::max(1ul, std::strtoul(argv[++i], nullptr, 10)));
    } else if (argument == "--quick") {
      settings.options.always_quick = true;
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
  auto spectest = slack::spec::compile_spectest(settings.options);
  if (!spectest) {
    fmt::print(stderr, "spec-run: {}\n", spectest.error().what);
    return 1;
  }
  settings.spectest = std::move(*spectest);
  Totals totals;
  for (const auto& script : scripts) {
    ScriptRun(settings, script, totals).run();
    std::fflush(stdout);
  }
  fmt::print("{} passed, {} failed, {} skipped\n", totals.passed, totals.failed, totals.skipped);
  return totals.failed == 0 && totals.passed != 0 ? 0 : 1;
}

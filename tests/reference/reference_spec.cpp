// Runs the official WebAssembly suite in generated code and in the reference interpreter, and holds each action of one
// against the other: results, traps, fuel, and in mode `slacked` every safepoint on the way.
//
// What the suite expects is spec-run's part; here the two must agree, so that the interpreter is held to it too. NaNs
// are made canonical by both.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>

#include "tests/reference/compare.hpp"
#include "tests/reference/machine.hpp"
#include "tests/reference/tracer.hpp"
#include "tests/spec-run/spectest.hpp"
#include "tests/spec-run/store_process.hpp"
#include "tests/spec-run/values.hpp"

namespace slack::reference {
namespace {

using nlohmann::json;
using spec::StoreProcess;

constexpr std::size_t kMostSights = 200'000;
constexpr std::size_t kMostSightsOfACall = 50'000;
// No action of the suite consumes more in the interpreter, but those that exhaust the stack.
constexpr std::uint64_t kMostFuel = 1'000'000'000;
// Operators from one safepoint to the next that a call which exhausts the stack may be ahead.
constexpr std::uint64_t kSomeFuel = 100'000;

struct Settings {
  std::string only;
  jit::CompileOptions options;
  Fd spectest;  // its image
  std::unique_ptr<Tracer> tracer;
};

// A store on both sides.
struct World {
  std::unique_ptr<StoreProcess> generated;
  Store interpreted;
};
// An instance on both sides; the worker's is released when neither the script's position nor a name leads to it.
struct Held {
  Held(std::shared_ptr<World> its_world, unsigned its_slot, Instance& its_instance)
      : world(std::move(its_world)), slot(its_slot), instance(its_instance) {}
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() { world->generated->release(slot); }

  std::shared_ptr<World> world;
  unsigned slot;
  Instance& instance;
};
using Place = std::shared_ptr<Held>;

class ScriptRun {
 public:
  ScriptRun(Settings& settings, std::filesystem::path script, Totals& totals)
      : settings_(settings), script_(std::move(script)), totals_(totals) {}

  void run() {
    std::ifstream file(script_);
    const auto content = json::parse(file);
    const auto& commands = content["commands"];
    is_shared_ = std::ranges::any_of(commands, [](const json& each) { return each["type"] == "register"; });
    for (const auto& command : commands) perform(command);
  }

  unsigned passed = 0;
  unsigned failed = 0;
  unsigned skipped = 0;

 private:
  void perform(const json& command) {
    const auto& type = command["type"].get_ref<const std::string&>();
    line_ = command["line"];
    if (type == "module") {
      load(command, true);
    } else if (type == "assert_uninstantiable") {
      load(command, false);
    } else if (type == "register") {
      const auto place = command.contains("name") ? named_[command["name"].get<std::string>()] : current_;
      if (!place) return;
      const auto name = command["as"].get<std::string>();
      place->world->generated->enter(place->slot, name);
      place->world->interpreted.enter(name, place->instance);
      registered_.push_back(place);
    } else if (command.contains("action") && command["action"]["type"] == "invoke") {
      act(command["action"]);
    }
  }

  std::shared_ptr<World> world() {
    if (is_shared_ && world_) return world_;
    auto started = StoreProcess::start(settings_.options, settings_.spectest);
    if (!started) return nullptr;
    world_ = std::make_shared<World>();
    world_->generated = std::move(*started);
    const auto bytes = spec::spectest_module();
    auto* spectest = world_->interpreted.load({bytes.begin(), bytes.end()}, spec::Store::kSpectestSlot);
    if (spectest != nullptr) world_->interpreted.enter("spectest", *spectest);
    return world_;
  }

  void load(const json& command, bool is_expected) {
    if (is_expected) {
      current_ = nullptr;  // its addresses are free for this one
      if (command.contains("name")) named_[command["name"].get<std::string>()] = nullptr;
    }
    const auto its_world = world();
    if (!its_world) return judge("no process for the store");
    const auto* file = command.contains("binary_filename") ? "binary_filename" : "filename";
    const auto path = script_.parent_path() / command[file].get<std::string>();
    const auto reply = watched([&] { return its_world->generated->load(path); });
    if (!reply.contains("instance")) {
      ++skipped;
      return;
    }
    const auto slot = reply["instance"].get<unsigned>();
    auto* instance = its_world->interpreted.load(read_file(path.string()), slot);
    if (instance == nullptr) return judge("the reference does not load the module");
    const auto place = std::make_shared<Held>(its_world, slot, *instance);
    compare(reply, {}, [&](Machine& machine) { return machine.instantiate(its_world->interpreted, *instance); });
    if (!is_expected || reply["outcome"] != "ready") return;
    current_ = place;
    if (command.contains("name")) named_[command["name"].get<std::string>()] = current_;
  }

  void act(const json& action) {
    const auto place = action.contains("module") ? named_[action["module"].get<std::string>()] : current_;
    if (!place) {
      ++skipped;
      return;
    }
    const auto reply = watched([&] { return place->world->generated->perform(place->slot, action); });
    const Instance& instance = place->instance;
    const auto* found = instance.find(action["field"].get<std::string>());
    if (found == nullptr) return judge("no such export");
    Function& function = *instance.functions[found->index];
    std::vector<Value> arguments;
    for (const auto& argument : action["args"]) arguments.push_back(spec::parse_value(argument));
    compare(reply, function.type->results, [&](Machine& machine) { return machine.call(function, arguments); });
  }

  template <typename Ask>
  json watched(Ask ask) {
    settings_.tracer->clear();
    return ask();
  }

  // Of a function the suite can tell only whether there is one.
  static json describe(const Value& value, wasm::ValueType type) {
    if (type == wasm::ValueType::funcref) return value.low != 0;
    return {value.low, type == wasm::ValueType::v128 ? value.high : 0};
  }

  template <typename Work>
  void compare(const json& reply, const std::vector<wasm::ValueType>& types, Work work) {
    if (reply["outcome"] == "fault") return judge(reply["text"].get<std::string>());
    Outcome ours;
    ours.trap = reply["outcome"] == "trapped" ? reply["text"].get<std::string>() : "";
    ours.fuel = reply["fuel"].get<std::uint64_t>();
    ours.published = reply["published"].get<std::uint64_t>();
    ours.by_signal = reply.value("by_signal", false);
    ours.has_all_sights = settings_.tracer->is_complete();
    const bool exhausted = ours.trap == message_of(Trap::call_stack_exhausted);
    const auto sights = settings_.tracer->sights();
    Watch watch(sights);
    Machine machine(watch, exhausted ? ours.fuel + kSomeFuel : kMostFuel);
    const Ending ending = work(machine);
    Outcome reference;
    reference.unfinished = ending.unfinished;
    reference.fuel = ending.fuel;
    if (ending.trap) reference.trap = message_of(*ending.trap);
    for (std::size_t i = 0; ours.trap.empty() && reference.trap.empty() && i < types.size(); ++i) {
      ours.values.push_back(describe(spec::from_json(reply["values"][i]), types[i]));
      reference.values.push_back(describe(ending.values.at(i), types[i]));
    }
    if (const auto* missed = ending.unfinished ? watch.missed(ending.fuel) : watch.missed())
      return judge(reference::describe(*missed) + ": the program does not pass it");
    judge(compare_call(ours, reference, sights, promises_of(settings_.options.metering), totals_));
  }

  void judge(const std::string& wrong) {
    if (wrong.empty()) {
      ++passed;
    } else {
      ++failed;
      fmt::print("{}:{}: {}\n", script_.stem().string(), line_, wrong);
    }
  }

  Settings& settings_;
  std::filesystem::path script_;
  Totals& totals_;
  unsigned line_ = 0;
  bool is_shared_ = false;
  std::shared_ptr<World> world_;  // the last one started
  Place current_;
  std::map<std::string, Place> named_;
  std::vector<Place> registered_;
};

int usage() {
  fmt::print(stderr, "usage: reference-spec DIR [--only SCRIPT] [--metering none|counted|slacked|checked|epoch]\n");
  return 64;
}

int run(const std::string& directory, Settings& settings) {
  std::vector<std::filesystem::path> scripts;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    const auto& path = entry.path();
    if (path.extension() == ".json" && (settings.only.empty() || path.stem() == settings.only)) scripts.push_back(path);
  }
  std::ranges::sort(scripts);
  Totals totals;
  unsigned passed = 0;
  unsigned failed = 0;
  unsigned skipped = 0;
  for (const auto& script : scripts) {
    ScriptRun its(settings, script, totals);
    its.run();
    passed += its.passed;
    failed += its.failed;
    skipped += its.skipped;
    std::fflush(stdout);
  }
  for (const auto& [trap, number] : totals.traps) fmt::print("{} × {}\n", number, trap);
  fmt::print("{} operators; {} safepoints right, {} calls with too many; {} traps by signal, {} behind at most\n",
             totals.operators, totals.sights, totals.cut, totals.signals, totals.longest_lag);
  fmt::print("{} passed, {} failed, {} skipped\n", passed, failed, skipped);
  return failed == 0 && passed != 0 ? 0 : 1;
}

}  // namespace
}  // namespace slack::reference

int main(int argc, char** argv) {
  using namespace slack::reference;
  Settings settings;
  settings.options.canonical_nans = true;
  std::string directory;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--only" && i + 1 < argc) {
      settings.only = argv[++i];
    } else if (argument == "--metering" && i + 1 < argc) {
      const auto metering = slack::metering_named(argv[++i]);
      if (!metering) return usage();
      settings.options.metering = *metering;
    } else if (directory.empty() && !argument.starts_with("--")) {
      directory = argument;
    } else {
      return usage();
    }
  }
  if (directory.empty()) return usage();
  auto spectest = slack::spec::compile_spectest(settings.options);
  auto tracer = Tracer::make(kMostSights, kMostSightsOfACall);
  if (!spectest || !tracer) {
    fmt::print(stderr, "reference-spec: {}\n", spectest ? tracer.error().what : spectest.error().what);
    return 1;
  }
  settings.spectest = std::move(*spectest);
  settings.tracer = std::move(*tracer);
  if (promises_of(settings.options.metering).publishes) slack::spec::Store::observer = settings.tracer.get();
  return run(directory, settings);
}

// Calls the start function and the invoked export.
#include "daemon/worker/invocation.hpp"

#include <algorithm>

#include "daemon/worker/arguments.hpp"
#include "daemon/worker/entry.hpp"

namespace slack::worker {
namespace {

constexpr std::string_view kCommand = "_start";
// A reactor's constructors; they have to run before any other export (WASI application ABI).
constexpr std::string_view kReactor = "_initialize";

const image::Export* function_named(const Instance& instance, std::string_view name) {
  const image::Export* const found = instance.find_export(name);
  return found != nullptr && found->kind == image::ExternKind::function ? found : nullptr;
}

bool takes_and_gives_nothing(const image::Export& function) {
  return function.signature.parameter_count == 0 && function.signature.result_count == 0;
}

}  // namespace

bool call(Instance& instance, std::uint64_t thunk, services::Value* values) {
  process.turn_to(instance);
  const EntryResult result =
      slack_enter(reinterpret_cast<services::Thunk>(thunk), instance.context->fuel, values, process.stack.end);
  if (result.left != 0) return false;
  instance.context->fuel = result.fuel;
  process.current = &instance;
  return true;
}

bool call_start(Instance& instance) {
  if (instance.header->start_thunk == 0) return true;
  process.turn_to(instance);
  instance.context->fuel += services::kStartCallFuel;
  services::Value nothing{};
  return call(instance, instance.header->start_thunk, &nothing);
}

bool call_initialize(Instance& instance) {
  const image::Export* const initialize = function_named(instance, kReactor);
  if (initialize == nullptr || !takes_and_gives_nothing(*initialize)) return true;
  services::Value nothing{};
  return call(instance, initialize->thunk, &nothing);
}

Prepared<Invocation> Invocation::prepare(Instance& instance, const wire::Brief& brief) {
  const image::Export* const function = function_named(instance, brief.invoke);
  if (function == nullptr)
    return refuse(brief.invoke == kCommand ? "module exports no function _start; name one with --invoke"
                                           : "module exports no function " + brief.invoke);
  Invocation invocation(instance);
  invocation.thunk_ = function->thunk;
  const auto types = instance.image.types(function->signature);
  const auto parameters = types.first(function->signature.parameter_count);
  invocation.results_ = types.last(function->signature.result_count);
  invocation.values_.resize(std::max<std::size_t>({parameters.size(), invocation.results_.size(), 1}));
  if (brief.invoke == kCommand) {
    // Its arguments are the program's, read with args_get.
    if (!parameters.empty()) return refuse("_start takes parameters; a command's takes none");
    return invocation;
  }
  const auto texts = std::span(brief.arguments).subspan(std::min<std::size_t>(1, brief.arguments.size()));
  if (auto parsed = parse_arguments(brief.invoke, parameters, texts, invocation.values_); !parsed)
    return misinvoked(parsed.error());
  invocation.initializes_ = brief.invoke != kReactor;
  return invocation;
}

bool Invocation::run() {
  return call_start(*instance_) && (!initializes_ || call_initialize(*instance_)) &&
         call(*instance_, thunk_, values_.data());
}

void Invocation::print_results() {
  for (std::size_t i = 0; i < results_.size() && !process.wasi->ending; ++i) {
    std::array<char, kMaxValueText + 1> line;
    const std::size_t length = format_value(results_[i], values_[i], std::span(line).first(kMaxValueText)).size();
    line[length] = '\n';
    // A module that closed its standard output has nowhere to print to.
    if (process.wasi->print({line.data(), length + 1}) != wasi::Errno::success) return;
  }
}

}  // namespace slack::worker

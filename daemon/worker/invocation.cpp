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

const image::Export* function_named(std::string_view name) {
  for (const image::Export& exported :
       process.image.array<image::Export>(process.header->exports, process.header->export_count))
    if (exported.kind == image::ExternKind::function && process.image.text(exported.name) == name) return &exported;
  return nullptr;
}

bool takes_and_gives_nothing(const image::Export& function) {
  return function.signature.parameter_count == 0 && function.signature.result_count == 0;
}

}  // namespace

Prepared<Invocation> Invocation::prepare(const wire::Brief& brief) {
  const image::Export* const function = function_named(brief.invoke);
  if (function == nullptr)
    return refuse(brief.invoke == kCommand ? "module exports no function _start; name one with --invoke"
                                           : "module exports no function " + brief.invoke);
  Invocation invocation;
  invocation.thunk_ = function->thunk;
  const auto types = process.image.types(function->signature);
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
    return refuse(parsed.error());
  const image::Export* const initialize = function_named(kReactor);
  if (brief.invoke != kReactor && initialize != nullptr && takes_and_gives_nothing(*initialize))
    invocation.initialize_ = initialize->thunk;
  return invocation;
}

bool Invocation::call(std::uint64_t thunk, services::Value* values) {
  const EntryResult result =
      slack_enter(reinterpret_cast<services::Thunk>(thunk), process.context->fuel, values, process.stack.end);
  if (result.left != 0) return false;
  process.context->fuel = result.fuel;
  return true;
}

bool Invocation::run() {
  if (process.header->start_thunk != 0) {
    process.context->fuel += services::kStartCallFuel;
    services::Value nothing{};
    if (!call(process.header->start_thunk, &nothing)) return false;
  }
  if (initialize_ != 0) {
    services::Value nothing{};
    if (!call(initialize_, &nothing)) return false;
  }
  return call(thunk_, values_.data());
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

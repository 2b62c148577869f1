// The host functions as generated code calls them, and the search for an import's.
#include "daemon/worker/imports.hpp"

#include <array>
#include <type_traits>

#include "daemon/base/clock.hpp"
#include "daemon/worker/process.hpp"
#include "daemon/worker/wasi/preview0.hpp"
#include "daemon/worker/wasi/table.hpp"

namespace slack::worker {
namespace {

// The C function that stands in an import slot for a function of wasi/: checks the stack, hands guest memory in, and
// leaves generated code if the function ended the run.
template <auto kFunction>
struct Entry;

template <typename... Arguments, wasi::Errno (*kFunction)(wasi::Wasi&, GuestMemory, Arguments...)>
struct Entry<kFunction> {
  static std::uint32_t call(Arguments... arguments) {
    enter_host();
    const wasi::Errno error = kFunction(*process.wasi, process.current->memory(), arguments...);
    if (process.wasi->ending) [[unlikely]]
      end_run(*process.wasi->ending);
    return static_cast<std::uint32_t>(error);
  }
  static constexpr std::array<char, sizeof...(Arguments) + 2> kLetters{(sizeof(Arguments) == 8 ? 'l' : 'i')..., ':',
                                                                       'i'};
};

template <typename... Arguments, void (*kFunction)(wasi::Wasi&, GuestMemory, Arguments...)>
struct Entry<kFunction> {
  static void call(Arguments... arguments) {
    enter_host();
    kFunction(*process.wasi, process.current->memory(), arguments...);
    if (process.wasi->ending) end_run(*process.wasi->ending);
  }
  static constexpr std::array<char, sizeof...(Arguments) + 1> kLetters{(sizeof(Arguments) == 8 ? 'l' : 'i')..., ':'};
};

// The signature in wasi.def is the one that the C++ function has.
#define X(name, signature)                                                                                    \
  static_assert(std::string_view(Entry<&wasi::name>::kLetters.data(), Entry<&wasi::name>::kLetters.size()) == \
                signature);
#include "daemon/wire/wasi.def"
#undef X

std::uint64_t wasi_entry(const wasi::Found& function) {
  static const std::array kEntries{
#define X(name, signature) reinterpret_cast<std::uint64_t>(&Entry<&wasi::name>::call),
#include "daemon/wire/wasi.def"
#undef X
  };
  static const std::array kOldEntries{
#define X(name, signature) reinterpret_cast<std::uint64_t>(&Entry<&wasi::preview0::name>::call),
#include "daemon/wire/wasi.def"
#undef X
  };
  return (function.preview == wasi::Preview::zero ? kOldEntries : kEntries)[function.index];
}

void bench_start() {
  enter_host();
  process.measurement.start(monotonic_now(), Fuel(process.current->context->fuel));
}

void bench_end() {
  enter_host();
  process.measurement.end(monotonic_now(), Fuel(process.current->context->fuel));
}

std::uint32_t clock_ms() {
  enter_host();
  return static_cast<std::uint32_t>(monotonic_now().count() / 1'000'000);
}

struct MeasureFunction {
  std::string_view module;
  std::string_view name;
  std::string_view signature;
  std::uint64_t address;
};

std::span<const MeasureFunction> measure_functions() {
  static const std::array kFunctions{
      MeasureFunction{"bench", "start", ":", reinterpret_cast<std::uint64_t>(&bench_start)},
      MeasureFunction{"bench", "end", ":", reinterpret_cast<std::uint64_t>(&bench_end)},
      MeasureFunction{"env", "clock_ms", ":i", reinterpret_cast<std::uint64_t>(&clock_ms)},
  };
  return kFunctions;
}

char letter_of(image::ValueType type) {
  switch (type) {
    case image::ValueType::i32:
      return 'i';
    case image::ValueType::i64:
      return 'l';
    case image::ValueType::f32:
      return 'f';
    case image::ValueType::f64:
      return 'd';
    case image::ValueType::v128:
      return 'v';
    case image::ValueType::funcref:
      return 'r';
    case image::ValueType::externref:
      return 'x';
  }
  return '?';
}

}  // namespace

std::string signature_text(std::span<const image::ValueType> types, std::uint32_t parameters) {
  std::string text;
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (i == parameters) text += ':';
    text += letter_of(types[i]);
  }
  if (types.size() == parameters) text += ':';
  return text;
}

tl::expected<std::uint64_t, Refusal> resolve_import(std::string_view module, std::string_view name,
                                                    image::ExternKind kind, std::string_view signature, bool measure) {
  const std::string full_name = std::string(module) + "." + std::string(name);
  std::string_view wanted;
  std::uint64_t address = 0;
  if (const auto function = wasi::find_function(module, name)) {
    wanted = wasi::functions()[function->index].signature;
    address = wasi_entry(*function);
  }
  for (const MeasureFunction& function : measure_functions()) {
    if (function.module != module || function.name != name) continue;
    if (!measure) return tl::unexpected("unknown import: " + full_name + " (offered with the option measure)");
    wanted = function.signature;
    address = function.address;
  }
  if (address == 0) return tl::unexpected("unknown import: " + full_name);
  if (kind != image::ExternKind::function || wanted != signature)
    return tl::unexpected("incompatible import type: " + full_name);
  return address;
}

}  // namespace slack::worker

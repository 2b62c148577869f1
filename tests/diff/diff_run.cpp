// Runs modules for the differential tests: reads one request a line, writes what became of the module as JSON lines.
//
// A request is {"module": PATH, "metering": NAME, "canonical_nans": BOOL, "sessions": [[CALL...]...]}, with "other":
// PATH where the module imports from another; a call is {"export": NAME, "args": [[LOW, HIGH]...]}. The module is
// compiled once, in a process of its own, and each session is a fork of that: a fresh instance, its calls in order, and
// then the state it ends in. The answer is one line,
// {"compiled": "ok" | "refused" | "fault" | "died", "text"}, one line a session, and {"end": true}.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/address_map.hpp"
#include "daemon/base/fd.hpp"
#include "jit/llvm/compiler.hpp"
#include "tests/spec-run/store.hpp"

namespace slack::spec {
namespace {

using nlohmann::json;

// A module of the tests compiles in milliseconds and its sessions end in fewer: what takes longer hangs.
constexpr unsigned kSecondsToCompile = 120;
constexpr unsigned kSecondsForASession = 20;

// CRC-32 of ISO 3309, as zlib's crc32 computes it: the other engine's memory is hashed in Python.
std::uint32_t crc32(std::span<const std::uint8_t> bytes) {
  static const auto kTable = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? 0xedb8'8320 ^ (value >> 1) : value >> 1;
      table[i] = value;
    }
    return table;
  }();
  std::uint32_t crc = 0xffff'ffff;
  for (const auto byte : bytes) crc = kTable[(crc ^ byte) & 0xff] ^ (crc >> 8);
  return ~crc;
}

template <typename T>
const T* at(std::uint64_t address) {
  return reinterpret_cast<const T*>(address);  // NOLINT: what an instance has lies at fixed addresses
}

void write_line(int pipe, const json& line) {
  const auto text = line.dump() + "\n";
  for (std::size_t done = 0; done < text.size();) {
    const auto n = ::write(pipe, text.data() + done, text.size() - done);
    if (n < 0 && errno != EINTR) ::_exit(1);
    if (n > 0) done += static_cast<std::size_t>(n);
  }
}

bool is_reference(image::ValueType type) {
  return type == image::ValueType::funcref || type == image::ValueType::externref;
}

// A reference is only told from null: its bits are this process's.
json describe(const services::Value& value, image::ValueType type) {
  if (is_reference(type)) return value.low != 0 ? "reference" : "null";
  if (type == image::ValueType::v128) return {value.low, value.high};
  return {value.low, 0};
}

// The module has the addresses of the module that is run; the one that it imports from, those beside it.
constexpr std::uint32_t kSlot = 0;
constexpr std::uint32_t kOtherSlot = 1;

// What all growths together asked for. Of those that failed the other engine may charge it.
std::uint64_t asked_growth = 0;
services::MemoryGrowFn grow_memory = nullptr;
services::TableGrowFn grow_table = nullptr;

// A service tells by its return address which instance calls it: so these jump there, and do not call.
#ifdef __clang__
#define TAIL_CALL [[clang::musttail]] return
#else
#define TAIL_CALL return  // GCC makes a jump of it; meson.build sees to the optimisation
#endif
std::uint32_t counted_grow_memory(std::uint32_t delta) {
  asked_growth += delta;
  TAIL_CALL grow_memory(delta);
}
std::uint32_t counted_grow_table(std::uint32_t table, std::uint32_t delta, std::uint64_t reference) {
  asked_growth += delta;
  TAIL_CALL grow_table(table, delta, reference);
}
#undef TAIL_CALL

void watch_growth(ContextHead& head) {
  auto& memory = head.services[static_cast<std::uint32_t>(Service::memory_grow)];
  auto& table = head.services[static_cast<std::uint32_t>(Service::table_grow)];
  grow_memory = reinterpret_cast<services::MemoryGrowFn>(memory);
  grow_table = reinterpret_cast<services::TableGrowFn>(table);
  memory = reinterpret_cast<std::uint64_t>(&counted_grow_memory);
  table = reinterpret_cast<std::uint64_t>(&counted_grow_table);
}

// Pages and elements of all that these instances own.
std::uint64_t extent_of(const Store& store, bool linked) {
  std::uint64_t extent = 0;
  for (const auto slot : {kSlot, kOtherSlot}) {
    if (slot == kOtherSlot && !linked) break;
    const auto& instance = store.instance(slot);
    if (&instance.memory_owner() == instance.context)
      extent += instance.context->memory_bytes / address_map::kWasmPageBytes;
    for (const auto& table : instance.own_tables) extent += table.descriptor->size;
  }
  return extent;
}

// The same of what an instance begins with.
std::uint64_t first_extent_of(const worker::Instance& instance) {
  const auto& header = *instance.header;
  std::uint64_t extent = header.memory.imported == 0 ? header.memory.minimum_pages : 0;
  for (std::uint32_t i = 0; i < header.table_count; ++i) {
    const auto& table = at<image::Table>(header.tables)[i];
    if (table.imported == 0) extent += table.minimum;
  }
  return extent;
}

json describe(const Ending& ending) {
  json line{{"fuel", ending.fuel}, {"published", ending.published}};
  if (ending.trap) line["trap"] = std::string(message_of(*ending.trap));
  return line;
}

json call(Store& store, const json& wanted) {
  const auto* found = store.instance(kSlot).find_export(wanted["export"].get<std::string>());
  if (found == nullptr || found->thunk == 0) return {{"trap", "no such function"}};
  const auto& signature = found->signature;
  std::vector<services::Value> values(std::max({signature.parameter_count, signature.result_count, 1u}));
  for (std::size_t i = 0; i < wanted["args"].size(); ++i)
    values.at(i) = {wanted["args"][i][0].get<std::uint64_t>(), wanted["args"][i][1].get<std::uint64_t>()};
  const auto ending = store.call(kSlot, found->thunk, values.data());
  auto line = describe(ending);
  if (ending.trap) return line;
  const auto* types = at<image::ValueType>(signature.types) + signature.parameter_count;
  line["values"] = json::array();
  for (std::uint32_t i = 0; i < signature.result_count; ++i) line["values"].push_back(describe(values[i], types[i]));
  return line;
}

// What a session leaves: everything the module exports, by its name.
json state(const worker::Instance& instance) {
  json result{{"globals", json::object()}, {"tables", json::object()}, {"memories", json::object()}};
  const auto& header = *instance.header;
  for (const auto& each : instance.exports()) {
    const std::string name(at<char>(each.name.bytes), each.name.size);
    if (each.kind == image::ExternKind::global) {
      const auto type = at<image::Global>(header.globals)[each.index].type;
      result["globals"][name] = describe(instance.global(each.index), type);
    } else if (each.kind == image::ExternKind::table) {
      const auto& table = *instance.tables[each.index]->descriptor;
      std::vector<std::uint8_t> used;
      for (std::uint32_t j = 0; j < table.size; ++j) used.push_back(at<std::uint64_t>(table.elements)[j] != 0 ? 1 : 0);
      result["tables"][name] = {table.size, crc32(used)};
    } else if (each.kind == image::ExternKind::memory) {
      const auto bytes = instance.memory_owner().memory_bytes;
      result["memories"][name] = {bytes, crc32({at<std::uint8_t>(instance.context->memory_base), bytes})};
    }
  }
  return result;
}

[[noreturn]] void run_session(int pipe, Store& store, const json& calls, bool linked) {
  ::alarm(kSecondsForASession);
  watch_growth(*store.instance(kSlot).context);
  const auto at_start = extent_of(store, linked) + first_extent_of(store.instance(kSlot));
  asked_growth = 0;
  const auto started = store.instantiate(kSlot);
  if (!started) ::_exit(1);
  json line{{"start", describe(*started)}, {"calls", json::array()}};
  line["start"]["failed_growth"] = asked_growth + at_start - extent_of(store, linked);
  if (!started->trap) {
    for (const auto& each : calls) {
      const auto before = extent_of(store, linked);
      asked_growth = 0;
      line["calls"].push_back(call(store, each));
      line["calls"].back()["failed_growth"] = asked_growth + before - extent_of(store, linked);
    }
    line["state"] = state(store.instance(kSlot));
    if (linked) line["other"] = state(store.instance(kOtherSlot));
  }
  write_line(pipe, line);
  ::_exit(0);
}

Expected<Fd> compile(const std::string& path, const jit::CompileOptions& options, json& complaint) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<std::uint8_t> bytes(std::istreambuf_iterator<char>(file), {});
  std::string scratch = "/tmp/diff-run-XXXXXX";
  if (::mkdtemp(scratch.data()) == nullptr) return fail("mkdtemp");
  auto compiled = jit::compile(bytes, options, scratch);
  ::rmdir(scratch.c_str());
  if (!compiled) {
    if (const auto* fault = std::get_if<Fault>(&compiled.error())) return fail(*fault);
    const auto& refusal = std::get<wasm::Refusal>(compiled.error());
    complaint = {{"compiled", "refused"}, {"text", refusal.reason}};
    return fail(Fault{EINVAL, refusal.reason});
  }
  return make_sealed_memfd("image", compiled->data(), Bytes(compiled->size()));
}

// The module that the other one imports from; it is instantiated once, and each session has a copy of what it is then.
Expected<void> add_other(Store& store, const std::string& path, jit::CompileOptions options, json& complaint) {
  options.slot = kOtherSlot;
  const auto image = compile(path, options, complaint);
  if (!image) return fail(image.error());
  if (const auto loaded = store.load(image->get(), kOtherSlot); !loaded) return fail(Fault{EIO, loaded.error().text});
  watch_growth(*store.instance(kOtherSlot).context);
  if (const auto started = store.instantiate(kOtherSlot); !started) return fail(Fault{EIO, started.error().text});
  store.enter("other", kOtherSlot);
  return {};
}

Expected<std::unique_ptr<Store>> compile_and_map(const json& request, json& complaint) {
  jit::CompileOptions options;
  options.metering = metering_named(request["metering"].get<std::string>()).value_or(Metering::slacked);
  options.canonical_nans = request["canonical_nans"].get<bool>();
  options.slot = kSlot;
  const auto image = compile(request["module"].get<std::string>(), options, complaint);
  if (!image) return fail(image.error());
  auto store = Store::make(options.metering);
  if (!store) return store;
  if (request.contains("other")) {
    if (auto added = add_other(**store, request["other"].get<std::string>(), options, complaint); !added)
      return fail(added.error());
  }
  if (const auto loaded = (*store)->load(image->get(), kSlot); !loaded) return fail(Fault{EIO, loaded.error().text});
  return store;
}

[[noreturn]] void run_module(int pipe, const json& request) {
  ::alarm(kSecondsToCompile);
  json complaint;
  auto store = compile_and_map(request, complaint);
  if (!store) {
    if (complaint.is_null()) complaint = {{"compiled", "fault"}, {"text", store.error().what}};
    write_line(pipe, complaint);
    ::_exit(0);
  }
  write_line(pipe, {{"compiled", "ok"}});
  ::alarm(0);
  for (const auto& session : request["sessions"]) {
    const auto pid = ::fork();
    if (pid == 0) run_session(pipe, **store, session, request.contains("other"));
    int status = 0;
    if (pid < 0 || ::waitpid(pid, &status, 0) != pid) ::_exit(1);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      const int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
      write_line(pipe, {{"died", number == SIGALRM ? "endless" : fmt::format("signal {}", number)}});
    }
  }
  ::_exit(0);
}

void answer(const json& request) {
  int ends[2];
  if (::pipe(ends) < 0) std::exit(1);
  const auto pid = ::fork();
  if (pid < 0) std::exit(1);
  if (pid == 0) {
    ::close(ends[0]);
    run_module(ends[1], request);
  }
  ::close(ends[1]);
  bool spoken = false;
  std::array<char, 65536> buffer;
  for (ssize_t n = 0; (n = ::read(ends[0], buffer.data(), buffer.size())) > 0 || (n < 0 && errno == EINTR);) {
    if (n > 0) std::cout.write(buffer.data(), n);
    spoken = spoken || n > 0;
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (!spoken) {
    const int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    std::cout << json{{"compiled", "died"}, {"text", fmt::format("the compiler ended by signal {}", number)}} << '\n';
  }
  std::cout << json{{"end", true}} << std::endl;
}

}  // namespace
}  // namespace slack::spec

int main() {
  for (std::string line; std::getline(std::cin, line);) slack::spec::answer(nlohmann::json::parse(line));
  return 0;
}

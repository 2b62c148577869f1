// Runs modules for the differential tests: reads one request a line, writes what became of the module as JSON lines.
//
// A request is {"module": PATH, "metering": NAME, "canonical_nans": BOOL, "sessions": [[CALL...]...]}, a call
// {"export": NAME, "args": [[LOW, HIGH]...]}. The module is compiled once, in a process of its own, and each session is
// a fork of that: a fresh instance, its calls in order, and then the state it ends in. The answer is one line,
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
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "daemon/base/address_map.hpp"
#include "daemon/base/fd.hpp"
#include "jit/llvm/compiler.hpp"
#include "tests/spec-run/instance.hpp"

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

json describe(const Ending& ending) {
  json line{{"fuel", ending.fuel}, {"published", ending.published}};
  if (ending.trap) line["trap"] = std::string(message_of(*ending.trap));
  return line;
}

json call(Instance& instance, const json& wanted) {
  const auto* found = instance.find_export(wanted["export"].get<std::string>());
  if (found == nullptr || found->thunk == 0) return {{"trap", "no such function"}};
  const auto& signature = found->signature;
  std::vector<services::Value> values(std::max({signature.parameter_count, signature.result_count, 1u}));
  for (std::size_t i = 0; i < wanted["args"].size(); ++i)
    values.at(i) = {wanted["args"][i][0].get<std::uint64_t>(), wanted["args"][i][1].get<std::uint64_t>()};
  const auto ending = instance.call(found->thunk, values.data());
  auto line = describe(ending);
  if (ending.trap) return line;
  const auto* types = at<image::ValueType>(signature.types) + signature.parameter_count;
  line["values"] = json::array();
  for (std::uint32_t i = 0; i < signature.result_count; ++i) line["values"].push_back(describe(values[i], types[i]));
  return line;
}

// What a session leaves: everything the module exports, by its name.
json state(const Instance& instance) {
  json result{{"globals", json::object()}, {"tables", json::object()}, {"memories", json::object()}};
  const auto& header = instance.header();
  const auto* exports = at<image::Export>(header.exports);
  for (std::uint32_t i = 0; i < header.export_count; ++i) {
    const auto& each = exports[i];
    const std::string name(at<char>(each.name.bytes), each.name.size);
    if (each.kind == image::ExternKind::global) {
      const auto type = at<image::Global>(header.globals)[each.index].type;
      result["globals"][name] = describe(instance.global(each.index), type);
    } else if (each.kind == image::ExternKind::table) {
      const auto& table = instance.table(each.index);
      std::vector<std::uint8_t> used;
      for (std::uint32_t j = 0; j < table.size; ++j) used.push_back(at<std::uint64_t>(table.elements)[j] != 0 ? 1 : 0);
      result["tables"][name] = {table.size, crc32(used)};
    } else if (each.kind == image::ExternKind::memory) {
      const auto bytes = instance.head().memory_bytes;
      result["memories"][name] = {bytes, crc32({at<std::uint8_t>(address_map::kMemory), bytes})};
    }
  }
  return result;
}

[[noreturn]] void run_session(int pipe, Instance& instance, const json& calls) {
  ::alarm(kSecondsForASession);
  const auto started = instance.instantiate();
  json line{{"start", describe(started)}, {"calls", json::array()}};
  if (!started.trap) {
    for (const auto& each : calls) line["calls"].push_back(call(instance, each));
    line["state"] = state(instance);
  }
  write_line(pipe, line);
  ::_exit(0);
}

Expected<Instance*> compile_and_map(const json& request, json& complaint) {
  std::ifstream file(request["module"].get<std::string>(), std::ios::binary);
  const std::vector<std::uint8_t> bytes(std::istreambuf_iterator<char>(file), {});
  jit::CompileOptions options;
  options.metering = metering_named(request["metering"].get<std::string>()).value_or(Metering::slacked);
  options.canonical_nans = request["canonical_nans"].get<bool>();
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
  auto image = make_sealed_memfd("image", compiled->data(), Bytes(compiled->size()));
  if (!image) return fail(image.error());
  return Instance::create(image->get());
}

[[noreturn]] void run_module(int pipe, const json& request) {
  ::alarm(kSecondsToCompile);
  json complaint;
  auto instance = compile_and_map(request, complaint);
  if (!instance) {
    if (complaint.is_null()) complaint = {{"compiled", "fault"}, {"text", instance.error().what}};
    write_line(pipe, complaint);
    ::_exit(0);
  }
  write_line(pipe, {{"compiled", "ok"}});
  ::alarm(0);
  for (const auto& session : request["sessions"]) {
    const auto pid = ::fork();
    if (pid == 0) run_session(pipe, **instance, session);
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

// Runs sessions in generated code.
#include "tests/reference/generated.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <sstream>
#include <variant>

#include "daemon/wire/worker_protocol.hpp"
#include "daemon/worker/process.hpp"
#include "jit/llvm/compiler.hpp"

namespace slack::reference {

namespace {

using nlohmann::json;
using spec::Store;

// What takes longer hangs: modules of the tests compile in milliseconds, and their calls end in the reference first.
constexpr unsigned kSecondsToCompile = 120;
constexpr unsigned kSecondsForASession = 60;
// As in the reference's side, and its sights.
constexpr std::uint32_t kSlot = 0;
constexpr std::uint32_t kOtherSlot = 1;

template <typename T>
const T* at(std::uint64_t address) {
  return reinterpret_cast<const T*>(address);
}

json describe(const services::Value& value, image::ValueType type) {
  if (type == image::ValueType::funcref || type == image::ValueType::externref) return value.low != 0;
  if (type == image::ValueType::v128) return {value.low, value.high};
  return {value.low, 0};
}

json state_of(const worker::Instance& instance) {
  json state{{"globals", json::object()}, {"tables", json::object()}, {"memories", json::object()}};
  for (const auto& each : instance.exports()) {
    const std::string name(at<char>(each.name.bytes), each.name.size);
    if (each.kind == image::ExternKind::global) {
      const auto type = at<image::Global>(instance.header->globals)[each.index].type;
      state["globals"][name] = describe(instance.global(each.index), type);
    } else if (each.kind == image::ExternKind::table) {
      const auto& table = *instance.tables[each.index]->descriptor;
      std::vector<std::uint8_t> used;
      for (std::uint32_t i = 0; i < table.size; ++i) used.push_back(at<std::uint64_t>(table.elements)[i] != 0 ? 1 : 0);
      state["tables"][name] = {used.size(), digest(used)};
    } else if (each.kind == image::ExternKind::memory) {
      const auto size = instance.memory_owner().memory_bytes;
      state["memories"][name] = {size, digest({at<std::uint8_t>(instance.context->memory_base), size})};
    }
  }
  return state;
}

// An outcome on its way between processes, and back.
json to_json(const spec::Ending& ending, const Tracer* tracer) {
  json line{{"trap", ending.trap ? std::string(message_of(*ending.trap)) : ""},
            {"fuel", ending.fuel},
            {"published", ending.published},
            {"by_signal", ending.trap && ending.function == wire::kUnknown},
            {"place", {ending.slot, ending.function, ending.offset}},
            {"values", json::array()},
            {"sights", {0, 0, true}}};
  if (tracer != nullptr) {
    const auto first = tracer->first_of_call();
    line["sights"] = {first, tracer->sights().size() - first, tracer->is_complete()};
  }
  return line;
}
Outcome to_outcome(const json& line) {
  Outcome outcome;
  outcome.trap = line["trap"].get<std::string>();
  outcome.fuel = line["fuel"].get<std::uint64_t>();
  outcome.published = line["published"].get<std::uint64_t>();
  outcome.by_signal = line["by_signal"].get<bool>();
  outcome.slot = line["place"][0].get<std::uint32_t>();
  outcome.function = line["place"][1].get<std::uint32_t>();
  outcome.offset = line["place"][2].get<std::uint32_t>();
  outcome.values = line["values"].get<std::vector<json>>();
  outcome.first_sight = line["sights"][0].get<std::size_t>();
  outcome.sights = line["sights"][1].get<std::size_t>();
  outcome.has_all_sights = line["sights"][2].get<bool>();
  return outcome;
}

json call(Store& store, const Call& wanted, const Tracer* tracer) {
  const auto& instance = store.instance(kSlot);
  const auto* found = instance.find_export(wanted.function);
  if (found == nullptr || found->thunk == 0) ::_exit(1);
  const auto& signature = found->signature;
  auto values = wanted.arguments;
  values.resize(std::max({signature.parameter_count, signature.result_count, 1U}), Value{0, 0});
  const auto ending = store.call(kSlot, found->thunk, values.data());
  auto line = to_json(ending, tracer);
  const auto* types = at<image::ValueType>(signature.types) + signature.parameter_count;
  for (std::uint32_t i = 0; !ending.trap && i < signature.result_count; ++i)
    line["values"].push_back(describe(values[i], types[i]));
  return line;
}

json run_session(Store& store, const Session& session, bool is_linked, const Tracer* tracer) {
  const auto started = store.instantiate(kSlot);
  if (!started) return {{"died", started.error().text}};
  json line{{"start", to_json(*started, tracer)}, {"calls", json::array()}, {"state", json::object()}};
  if (started->trap) return line;
  for (const auto& each : session) line["calls"].push_back(call(store, each, tracer));
  line["state"]["module"] = state_of(store.instance(kSlot));
  if (is_linked) line["state"]["other"] = state_of(store.instance(kOtherSlot));
  return line;
}

// Why a module is not run.
struct Complaint {
  std::string kind;
  std::string text;
};

tl::expected<Fd, Complaint> compile(const std::string& path, const Request& request, std::uint32_t slot) {
  jit::CompileOptions options;
  options.metering = request.metering;
  options.canonical_nans = request.canonical_nans;
  options.slot = slot;
  auto compiled = jit::compile(read_file(path), options, jit::kNoScratch);
  if (!compiled) {
    if (const auto* fault = std::get_if<Fault>(&compiled.error()))
      return tl::unexpected(Complaint{"fault", fault->what});
    return tl::unexpected(Complaint{"refused", std::get<wasm::Refusal>(compiled.error()).reason});
  }
  auto image = make_sealed_memfd("image", compiled->data(), Bytes(compiled->size()));
  if (!image) return tl::unexpected(Complaint{"fault", image.error().what});
  return std::move(*image);
}

tl::expected<std::unique_ptr<Store>, Complaint> compile_and_map(const Request& request) {
  auto image = compile(request.module, request, kSlot);
  if (!image) return tl::unexpected(image.error());
  auto store = Store::make(request.metering);
  if (!store) return tl::unexpected(Complaint{"fault", store.error().what});
  worker::process.fuel_limit = Fuel(request.fuel_limit);
  if (!request.other.empty()) {
    const auto other = compile(request.other, request, kOtherSlot);
    if (!other) return tl::unexpected(other.error());
    if (const auto loaded = (*store)->load(other->get(), kOtherSlot); !loaded)
      return tl::unexpected(Complaint{"refused", loaded.error().text});
    if (const auto started = (*store)->instantiate(kOtherSlot); !started)
      return tl::unexpected(Complaint{"refused", started.error().text});
    (*store)->enter("other", kOtherSlot);
  }
  if (const auto loaded = (*store)->load(image->get(), kSlot); !loaded)
    return tl::unexpected(Complaint{"refused", loaded.error().text});
  return std::move(*store);
}

void write_line(int pipe, const json& line) {
  const auto text = line.dump() + "\n";
  for (std::size_t done = 0; done < text.size();) {
    const auto n = ::write(pipe, text.data() + done, text.size() - done);
    if (n < 0) ::_exit(1);
    done += static_cast<std::size_t>(n);
  }
}

[[noreturn]] void run_module(int pipe, const Request& request, const Tracer* tracer) {
  ::alarm(kSecondsToCompile);
  auto store = compile_and_map(request);
  if (!store) {
    write_line(pipe, {{store.error().kind, store.error().text}});
    ::_exit(0);
  }
  ::alarm(0);
  for (const auto& session : request.sessions) {
    const auto pid = ::fork();
    if (pid == 0) {
      ::alarm(kSecondsForASession);
      write_line(pipe, run_session(**store, session, !request.other.empty(), tracer));
      ::_exit(0);
    }
    int status = 0;
    if (pid < 0 || ::waitpid(pid, &status, 0) != pid) ::_exit(1);
    if (WIFSIGNALED(status) || WEXITSTATUS(status) != 0)
      write_line(pipe, {{"died", WIFSIGNALED(status) ? fmt::format("signal {}", WTERMSIG(status)) : "exit status 1"}});
  }
  ::_exit(0);
}

std::string read_all(int pipe) {
  std::string text;
  char buffer[65536];
  for (ssize_t n = 0; (n = ::read(pipe, buffer, sizeof buffer)) > 0 || (n < 0 && errno == EINTR);)
    if (n > 0) text.append(buffer, static_cast<std::size_t>(n));
  return text;
}

}  // namespace

Generated generate(const Request& request, Tracer* tracer) {
  Generated result;
  Store::observer = tracer;
  if (tracer != nullptr) tracer->clear();
  int ends[2];
  if (::pipe(ends) < 0) return {"", "pipe", {}};
  const auto pid = ::fork();
  if (pid == 0) {
    ::close(ends[0]);
    run_module(ends[1], request, tracer);
  }
  ::close(ends[1]);
  std::istringstream lines(read_all(ends[0]));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(pid, &status, 0);
  for (std::string text; std::getline(lines, text);) {
    const auto line = json::parse(text);
    if (line.contains("refused") || line.contains("fault")) {
      result.refused = line.value("refused", "");
      result.fault = line.value("fault", "");
      return result;
    }
    auto& session = result.sessions.emplace_back();
    session.died = line.value("died", "");
    if (!session.died.empty()) continue;
    session.start = to_outcome(line["start"]);
    for (const auto& each : line["calls"]) session.calls.push_back(to_outcome(each));
    session.state = line["state"];
  }
  if (result.sessions.size() != request.sessions.size())
    result.fault = fmt::format("the compiler or a session ended with status {:#x}", status);
  return result;
}

}  // namespace slack::reference

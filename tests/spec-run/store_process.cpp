// A process of its own for each store.
#include "tests/spec-run/store_process.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <vector>

#include "daemon/base/socket.hpp"
#include "daemon/wire/worker_protocol.hpp"
#include "jit/llvm/compiler.hpp"
#include "tests/spec-run/spectest.hpp"
#include "tests/spec-run/store.hpp"
#include "tests/spec-run/values.hpp"

namespace slack::spec {

namespace {

using nlohmann::json;

constexpr std::size_t kMessageBytes = 1 << 16;
// No action of the suite takes long; a generator that makes an endless loop shall not hang the test.
constexpr unsigned kSecondsForAnAction = 20;

void send(int socket, const json& message) {
  const auto text = message.dump();
  (void)send_datagram(socket, std::as_bytes(std::span(text)));
}

json parse(const Datagram& datagram) {
  const auto* text = reinterpret_cast<const char*>(datagram.bytes.data());
  return json::parse(text, text + datagram.bytes.size());
}

json fault(const std::string& what) { return {{"outcome", "fault"}, {"text", what}}; }

json describe(const Ending& ending, const char* otherwise) {
  json reply{{"outcome", ending.trap ? "trapped" : otherwise}, {"fuel", ending.fuel}, {"published", ending.published}};
  if (ending.trap) {
    reply["text"] = std::string(message_of(*ending.trap));
    reply["by_signal"] = ending.function == wire::kUnknown;
  }
  return reply;
}

// The image, or the reply that says why there is none.
tl::expected<Fd, json> compile(std::span<const std::uint8_t> module, const jit::CompileOptions& options) {
  std::string scratch = "/tmp/spec-run-XXXXXX";
  if (!::mkdtemp(scratch.data())) return tl::unexpected(fault("mkdtemp"));
  const auto compiled = jit::compile(module, options, scratch);
  ::rmdir(scratch.c_str());
  if (!compiled) {
    if (const auto* ours = std::get_if<Fault>(&compiled.error())) return tl::unexpected(fault(ours->what));
    const auto& refusal = std::get<wasm::Refusal>(compiled.error());
    const bool unsupported = refusal.kind == wasm::Refusal::Kind::unsupported;
    return tl::unexpected(json{{"outcome", unsupported ? "skipped" : "refused"}, {"text", refusal.reason}});
  }
  auto image = make_sealed_memfd("image", compiled->data(), Bytes(compiled->size()));
  if (!image) return tl::unexpected(fault(image.error().what));
  return std::move(*image);
}

// The inside of the process.
class Server {
 public:
  Server(jit::CompileOptions options, Store& store) : options_(std::move(options)), store_(store) {}

  [[nodiscard]] json answer(const json& request) {
    const auto what = request["what"].get<std::string>();
    if (what == "load") return load(request["module"].get<std::string>());
    const auto instance = request["instance"].get<std::uint32_t>();
    if (what == "perform") return perform(instance, request["action"]);
    if (what == "enter") store_.enter(request["name"].get<std::string>(), instance);
    if (what == "release" && !store_.shares_references(instance)) store_.forget(instance);
    return json::object();
  }

  [[nodiscard]] json load(const std::filesystem::path& module) {
    std::ifstream file(module, std::ios::binary);
    const std::vector<std::uint8_t> bytes(std::istreambuf_iterator<char>(file), {});
    const auto slot = store_.free_slot();
    if (!slot) return fault("more instances than slots");
    options_.slot = *slot;
    const auto image = compile(bytes, options_);
    if (!image) return image.error();
    if (const auto loaded = store_.load(image->get(), *slot); !loaded)
      return {{"outcome", loaded.error().end == wire::End::refused ? "unlinkable" : "fault"},
              {"text", loaded.error().text}};
    return instantiate(*slot);
  }

  [[nodiscard]] json instantiate(std::uint32_t slot) {
    const auto ending = store_.instantiate(slot);
    if (!ending) return fault(ending.error().text);
    auto reply = describe(*ending, "ready");
    reply["instance"] = slot;
    return reply;
  }

 private:
  [[nodiscard]] json perform(std::uint32_t slot, const json& action) {
    worker::Instance& instance = store_.instance(slot);
    const auto* found = instance.find_export(action["field"].get<std::string>());
    if (!found) return fault("no such export");
    if (action["type"] == "get") {
      return {{"outcome", "returned"},
              {"values", json::array({to_json(instance.global(found->index))})},
              {"fuel", 0},
              {"published", 0}};
    }
    std::vector<services::Value> values(
        std::max({found->signature.parameter_count, found->signature.result_count, std::uint32_t{1}}));
    std::size_t next = 0;
    for (const auto& argument : action["args"]) values.at(next++) = parse_value(argument);
    const auto ending = store_.call(slot, found->thunk, values.data());
    auto reply = describe(ending, "returned");
    reply["values"] = json::array();
    for (std::uint32_t i = 0; i < found->signature.result_count; ++i) reply["values"].push_back(to_json(values[i]));
    return reply;
  }

  jit::CompileOptions options_;
  Store& store_;
};

[[noreturn]] void serve(int socket, const jit::CompileOptions& options, int spectest) {
  auto store = Store::make(options.metering);
  json trouble;
  if (!store) {
    trouble = fault(store.error().what);
  } else if (const auto loaded = (*store)->load(spectest, Store::kSpectestSlot); !loaded) {
    trouble = fault("spectest: " + loaded.error().text);
  } else if (!(*store)->instantiate(Store::kSpectestSlot)) {
    trouble = fault("spectest cannot be instantiated");
  } else {
    (*store)->enter("spectest", Store::kSpectestSlot);
  }
  for (;;) {
    const auto request = receive_datagram(socket, kMessageBytes);
    if (!request || request->bytes.empty()) ::_exit(0);
    ::alarm(kSecondsForAnAction);
    send(socket, trouble.is_null() ? Server(options, **store).answer(parse(*request)) : trouble);
    ::alarm(0);
  }
}

}  // namespace

Expected<Fd> compile_spectest(jit::CompileOptions options) {
  options.slot = Store::kSpectestSlot;
  auto image = compile(spectest_module(), options);
  if (!image) return fail(Fault{EIO, "spectest: " + image.error().dump()});
  return std::move(*image);
}

Expected<std::unique_ptr<StoreProcess>> StoreProcess::start(const jit::CompileOptions& options, const Fd& spectest) {
  auto pair = make_socket_pair();
  if (!pair) return tl::unexpected(pair.error());
  std::unique_ptr<StoreProcess> process(new StoreProcess());
  process->pid_ = ::fork();
  if (process->pid_ < 0) return fail("fork");
  if (process->pid_ == 0) {
    pair->ours.reset();
    serve(pair->theirs.get(), options, spectest.get());
  }
  process->socket_ = std::move(pair->ours);
  return process;
}

StoreProcess::~StoreProcess() {
  socket_.reset();
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

json StoreProcess::ask(const json& request) {
  send(socket_.get(), request);
  const auto reply = receive_datagram(socket_.get(), kMessageBytes);
  if (!reply || reply->bytes.empty()) return fault("the process of the instances died");
  return parse(*reply);
}

json StoreProcess::load(const std::filesystem::path& module) {
  return ask({{"what", "load"}, {"module", module.string()}});
}

json StoreProcess::perform(unsigned instance, const json& action) {
  return ask({{"what", "perform"}, {"instance", instance}, {"action", action}});
}

void StoreProcess::enter(unsigned instance, const std::string& name) {
  (void)ask({{"what", "enter"}, {"instance", instance}, {"name", name}});
}

void StoreProcess::release(unsigned instance) { (void)ask({{"what", "release"}, {"instance", instance}}); }

}  // namespace slack::spec

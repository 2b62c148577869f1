// A process of its own for each instance.
#include "tests/spec-run/instance_process.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <vector>

#include "daemon/base/socket.hpp"
#include "jit/llvm/compiler.hpp"
#include "tests/spec-run/instance.hpp"
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

json describe(const Ending& ending, const char* otherwise) {
  json reply{{"outcome", ending.trap ? "trapped" : otherwise}, {"fuel", ending.fuel}, {"published", ending.published}};
  if (ending.trap) reply["text"] = std::string(message_of(*ending.trap));
  return reply;
}

Expected<Instance*> compile_and_map(const std::filesystem::path& module, const jit::CompileOptions& options,
                                    json& refused) {
  std::ifstream file(module, std::ios::binary);
  const std::vector<std::uint8_t> bytes(std::istreambuf_iterator<char>(file), {});
  std::string scratch = "/tmp/spec-run-XXXXXX";
  if (!::mkdtemp(scratch.data())) return fail("mkdtemp");
  auto compiled = jit::compile(bytes, options, scratch);
  ::rmdir(scratch.c_str());
  if (!compiled) {
    if (const auto* fault = std::get_if<Fault>(&compiled.error())) return fail(*fault);
    const auto& refusal = std::get<wasm::Refusal>(compiled.error());
    const bool unsupported = refusal.kind == wasm::Refusal::Kind::unsupported;
    refused = {{"outcome", unsupported ? "skipped" : "refused"}, {"text", refusal.reason}};
    return fail(Fault{EINVAL, refusal.reason});
  }
  auto image = make_sealed_memfd("image", compiled->data(), Bytes(compiled->size()));
  if (!image) return tl::unexpected(image.error());
  return Instance::create(image->get());
}

json perform_here(Instance& instance, const json& action) {
  const auto* found = instance.find_export(action["field"].get<std::string>());
  if (!found) return {{"outcome", "fault"}, {"text", "no such export"}};
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
  const auto ending = instance.call(found->thunk, values.data());
  auto reply = describe(ending, "returned");
  reply["values"] = json::array();
  for (std::uint32_t i = 0; i < found->signature.result_count; ++i) reply["values"].push_back(to_json(values[i]));
  return reply;
}

[[noreturn]] void serve(int socket, const std::filesystem::path& module, const jit::CompileOptions& options) {
  json refused;
  auto instance = compile_and_map(module, options, refused);
  if (!instance) {
    if (refused.is_null()) {
      refused = {{"outcome", instance.error().code == ENOTSUP ? "skipped" : "fault"}, {"text", instance.error().what}};
    }
    send(socket, refused);
    ::_exit(0);
  }
  send(socket, describe((*instance)->instantiate(), "ready"));
  for (;;) {
    const auto request = receive_datagram(socket, kMessageBytes);
    if (!request || request->bytes.empty()) ::_exit(0);
    ::alarm(kSecondsForAnAction);
    const auto* text = reinterpret_cast<const char*>(request->bytes.data());
    send(socket, perform_here(**instance, json::parse(text, text + request->bytes.size())));
    ::alarm(0);
  }
}

}  // namespace

Expected<std::unique_ptr<InstanceProcess>> InstanceProcess::start(const std::filesystem::path& module,
                                                                  const jit::CompileOptions& options) {
  auto pair = make_socket_pair();
  if (!pair) return tl::unexpected(pair.error());
  std::unique_ptr<InstanceProcess> process(new InstanceProcess());
  process->pid_ = ::fork();
  if (process->pid_ < 0) return fail("fork");
  if (process->pid_ == 0) {
    pair->ours.reset();
    serve(pair->theirs.get(), module, options);
  }
  process->socket_ = std::move(pair->ours);
  pair->theirs.reset();
  process->started_ = process->receive();
  return process;
}

InstanceProcess::~InstanceProcess() {
  socket_.reset();
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

json InstanceProcess::receive() {
  const auto reply = receive_datagram(socket_.get(), kMessageBytes);
  if (!reply || reply->bytes.empty()) return {{"outcome", "fault"}, {"text", "the instance's process died"}};
  const auto* text = reinterpret_cast<const char*>(reply->bytes.data());
  return json::parse(text, text + reply->bytes.size());
}

json InstanceProcess::perform(const json& action) {
  send(socket_.get(), action);
  return receive();
}

}  // namespace slack::spec

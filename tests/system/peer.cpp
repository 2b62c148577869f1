// Starts a private slackd and speaks D-Bus to it.
#include "tests/system/peer.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace slack::test {
namespace {

void require(int result, const char* what) {
  if (result < 0) throw std::runtime_error(std::string(what) + ": " + std::strerror(-result));
}

void append_variant(sd_bus_message* message, const char* name, const char* type, auto value) {
  require(sd_bus_message_open_container(message, 'e', "sv"), "open an entry");
  require(sd_bus_message_append(message, "s", name), "append a name");
  require(sd_bus_message_append(message, "v", type, value), "append a value");
  require(sd_bus_message_close_container(message), "close an entry");
}

}  // namespace

std::uint64_t Finished::number(const std::string& key) const {
  const auto found = result.find(key);
  if (found == result.end()) throw std::runtime_error("the result has no " + key);
  if (const auto* value = std::get_if<std::uint64_t>(&found->second)) return *value;
  if (const auto* value = std::get_if<bool>(&found->second)) return *value ? 1 : 0;
  return static_cast<std::uint64_t>(std::get<std::int32_t>(found->second));
}

std::string Finished::text(const std::string& key) const {
  const auto found = result.find(key);
  return found == result.end() ? std::string() : std::get<std::string>(found->second);
}

Option fuel(std::uint64_t limit) {
  return [=](sd_bus_message* m) { append_variant(m, "fuel", "t", limit); };
}
Option wall(std::chrono::microseconds limit) {
  return [=](sd_bus_message* m) { append_variant(m, "wall_usec", "t", static_cast<std::uint64_t>(limit.count())); };
}
Option text(const char* name, const char* value) {
  return [=](sd_bus_message* m) { append_variant(m, name, "s", value); };
}
Option descriptor(const char* name, int fd) {
  return [=](sd_bus_message* m) { append_variant(m, name, "h", fd); };
}

const char* daemon_program() {
  const char* const program = std::getenv("SLACKD");
  return program != nullptr && ::access(program, X_OK) == 0 ? program : nullptr;
}

Peer::Peer(std::vector<std::string> arguments) {
  const char* program = daemon_program();
  if (program == nullptr) throw std::runtime_error("SLACKD does not name the daemon's program");
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) throw std::runtime_error("socketpair");
  Fd ours(pair[0]);
  Fd theirs(pair[1]);
  pid_ = ::fork();
  if (pid_ == 0) {
    constexpr int kPeerFd = 3;
    if (theirs.get() == kPeerFd || ::dup2(theirs.get(), kPeerFd) < 0) ::_exit(127);
    std::vector<char*> argv{const_cast<char*>(program), const_cast<char*>("--peer-fd=3")};
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    ::execv(program, argv.data());
    ::_exit(127);
  }
  theirs.reset();
  require(sd_bus_new(&bus_), "sd_bus_new");
  const int raw = ours.release();
  require(sd_bus_set_fd(bus_, raw, raw), "sd_bus_set_fd");
  require(sd_bus_set_bus_client(bus_, 0), "sd_bus_set_bus_client");
  require(sd_bus_negotiate_fds(bus_, 1), "sd_bus_negotiate_fds");
  require(sd_bus_start(bus_), "sd_bus_start");
  require(
      sd_bus_match_signal(bus_, nullptr, nullptr, kManagerPath, kManagerInterface, "RunFinished", on_finished, this),
      "match RunFinished");
  // From here on the daemon's children are its zygotes, and whatever runs.
  if (!answers()) throw std::runtime_error("slackd does not answer");
}

Peer::~Peer() {
  hang_up();
  if (pid_ > 0) {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
}

void Peer::hang_up() {
  if (bus_ != nullptr) sd_bus_close_unref(std::exchange(bus_, nullptr));
}

int Peer::on_finished(sd_bus_message* message, void* self, sd_bus_error*) {
  const char* run = nullptr;
  const char* verdict = nullptr;
  require(sd_bus_message_read(message, "os", &run, &verdict), "read RunFinished");
  Finished finished{verdict, {}};
  require(sd_bus_message_enter_container(message, 'a', "{sv}"), "read the result");
  while (sd_bus_message_enter_container(message, 'e', "sv") > 0) {
    const char* key = nullptr;
    const char* type = nullptr;
    require(sd_bus_message_read(message, "s", &key), "read a key");
    require(sd_bus_message_peek_type(message, nullptr, &type), "read a type");
    require(sd_bus_message_enter_container(message, 'v', type), "read a value");
    if (*type == 't') {
      std::uint64_t value = 0;
      require(sd_bus_message_read(message, "t", &value), "read a number");
      finished.result[key] = value;
    } else if (*type == 'b') {
      int value = 0;
      require(sd_bus_message_read(message, "b", &value), "read a boolean");
      finished.result[key] = value != 0;
    } else if (*type == 'i') {
      std::int32_t value = 0;
      require(sd_bus_message_read(message, "i", &value), "read a number");
      finished.result[key] = value;
    } else if (*type == 's') {
      const char* value = nullptr;
      require(sd_bus_message_read(message, "s", &value), "read a text");
      finished.result[key] = std::string(value);
    } else {
      require(sd_bus_message_skip(message, nullptr), "skip a value");
    }
    require(sd_bus_message_exit_container(message), "leave a value");
    require(sd_bus_message_exit_container(message), "leave an entry");
  }
  static_cast<Peer*>(self)->finished_[run] = std::move(finished);
  return 0;
}

std::string Peer::run_module(int module, const std::vector<Option>& options, std::string* error_name) {
  sd_bus_message* call = nullptr;
  require(sd_bus_message_new_method_call(bus_, &call, nullptr, kManagerPath, kManagerInterface, "RunModule"),
          "new call");
  require(sd_bus_message_append(call, "has", module, 0), "append the module");
  require(sd_bus_message_open_container(call, 'a', "{sv}"), "open the options");
  for (const auto& option : options) option(call);
  require(sd_bus_message_close_container(call), "close the options");
  sd_bus_error error = SD_BUS_ERROR_NULL;
  sd_bus_message* reply = nullptr;
  const int result = sd_bus_call(bus_, call, 30'000'000, &error, &reply);
  std::string path;
  if (result >= 0) {
    const char* object = nullptr;
    require(sd_bus_message_read(reply, "o", &object), "read the run");
    path = object;
  } else if (error_name != nullptr) {
    *error_name = error.name != nullptr ? error.name : std::strerror(-result);
  } else {
    const std::string what = std::string("RunModule: ") + (error.message != nullptr ? error.message : "failed");
    throw std::runtime_error(what);
  }
  sd_bus_error_free(&error);
  sd_bus_message_unref(reply);
  sd_bus_message_unref(call);
  return path;
}

std::string Peer::run_module(const std::string& wasm, const std::vector<Option>& options) {
  auto module = make_sealed_memfd("module", wasm.data(), Bytes(wasm.size()));
  if (!module) throw std::runtime_error(module.error().what);
  return run_module(module->get(), options);
}

void Peer::turn(std::chrono::microseconds patience) {
  const int done = sd_bus_process(bus_, nullptr);
  require(done, "sd_bus_process");
  if (done == 0) require(sd_bus_wait(bus_, static_cast<std::uint64_t>(patience.count())), "sd_bus_wait");
}

Finished Peer::wait_for(const std::string& run, std::chrono::seconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!finished_.contains(run)) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error("no RunFinished for " + run);
    turn(std::chrono::milliseconds(100));
  }
  auto node = finished_.extract(run);
  return std::move(node.mapped());
}

bool Peer::answers() {
  sd_bus_error error = SD_BUS_ERROR_NULL;
  sd_bus_message* reply = nullptr;
  const int result =
      sd_bus_call_method(bus_, nullptr, kManagerPath, kManagerInterface, "ListRuns", &error, &reply, nullptr);
  sd_bus_error_free(&error);
  sd_bus_message_unref(reply);
  return result >= 0;
}

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> children;
  const std::string tasks = "/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) + "/children";
  std::ifstream file(tasks);
  for (pid_t child = 0; file >> child;) children.push_back(child);
  return children;
}

std::string comm_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/comm");
  std::string comm;
  std::getline(file, comm);
  return comm;
}

std::string status_field(pid_t pid, const std::string& field) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(field + ":")) continue;
    const auto begin = line.find_first_not_of(" \t", field.size() + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

namespace {
// A module with one memory, one function `_start` exported, and `body` as its code.
std::string module_with(const std::string& body) {
  using namespace std::string_literals;
  std::string code = "\x00"s + body + "\x0b";  // no locals
  std::string section = "\x01"s + static_cast<char>(code.size()) + code;
  return "\0asm\1\0\0\0"s + "\x01\x04\x01\x60\x00\x00"s +       // type: () -> ()
         "\x03\x02\x01\x00"s + "\x05\x03\x01\x00\x01"s +        // function 0; memory of one page
         "\x07\x13\x02\x06_start\x00\x00\x06memory\x02\x00"s +  // exports
         "\x0a"s + static_cast<char>(section.size()) + section;
}
}  // namespace

std::string endless_module() { return module_with(std::string("\x03\x40\x0c\x00\x0b", 5)); }
std::string empty_module() { return module_with(""); }

}  // namespace slack::test

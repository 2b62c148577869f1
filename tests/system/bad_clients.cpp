// Clients that misbehave: each gets a clear error or nothing, and slackd goes on.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/system/peer.hpp"

namespace {

using namespace slack;
using namespace slack::test;

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

Fd open_module(const std::string& wasm) {
  auto module = make_sealed_memfd("module", wasm.data(), Bytes(wasm.size()));
  REQUIRE(module);
  return std::move(*module);
}

std::string error_of(Peer& peer, int module, const std::vector<Option>& options) {
  std::string error;
  const std::string run = peer.run_module(module, options, &error);
  CHECK(run.empty());
  return error;
}

// Calls a Manager method with a raw message; returns the error's name and message.
std::string raw_call(Peer& peer, const char* method, const std::function<void(sd_bus_message*)>& fill) {
  sd_bus_message* call = nullptr;
  REQUIRE(sd_bus_message_new_method_call(peer.bus(), &call, nullptr, kManagerPath, kManagerInterface, method) >= 0);
  fill(call);
  sd_bus_error error = SD_BUS_ERROR_NULL;
  sd_bus_message* reply = nullptr;
  sd_bus_call(peer.bus(), call, 10'000'000, &error, &reply);
  const std::string text = std::string(error.name ? error.name : "") + ": " + (error.message ? error.message : "");
  sd_bus_error_free(&error);
  sd_bus_message_unref(reply);
  sd_bus_message_unref(call);
  return text;
}

}  // namespace

TEST_CASE("an unknown option is an error that names it") {
  Peer peer;
  const Fd module = open_module(empty_module());
  CHECK(error_of(peer, module.get(), {text("fule", "7")}) == "org.slackd.Slack1.Error.InvalidOption");
  const std::string told = raw_call(peer, "RunModule", [&](sd_bus_message* call) {
    REQUIRE(sd_bus_message_append(call, "hasa{sv}", module.get(), 0, 1, "fule", "t", std::uint64_t{7}) >= 0);
  });
  CHECK(told.find("fule") != std::string::npos);
  CHECK(peer.answers());
}

TEST_CASE("an option of the wrong type is an error that names it and the type it takes") {
  Peer peer;
  const Fd module = open_module(empty_module());
  const std::string told = raw_call(peer, "RunModule", [&](sd_bus_message* call) {
    REQUIRE(sd_bus_message_append(call, "hasa{sv}", module.get(), 0, 1, "fuel", "s", "much") >= 0);
  });
  CHECK(told.find("org.slackd.Slack1.Error.InvalidOption") == 0);
  CHECK(told.find("fuel") != std::string::npos);
  CHECK(peer.answers());
}

TEST_CASE("a call with the wrong signature is an error and slackd goes on") {
  Peer peer;
  const std::string told =
      raw_call(peer, "RunModule", [](sd_bus_message* call) { REQUIRE(sd_bus_message_append(call, "s", "no") >= 0); });
  CHECK(told.find("org.freedesktop.DBus.Error.InvalidArgs") == 0);
  CHECK(peer.answers());
}

TEST_CASE("a method that does not exist is an error and slackd goes on") {
  Peer peer;
  const std::string told = raw_call(peer, "LaunchMissiles", [](sd_bus_message*) {});
  CHECK(told.find("org.freedesktop.DBus.Error.UnknownMethod") == 0);
  CHECK(peer.answers());
}

TEST_CASE("a directory as module is refused with a reason") {
  Peer peer;
  const Fd folder(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::string error;
  const std::string run = peer.run_module(folder.get(), {}, &error);
  if (run.empty()) {
    CHECK(error == "org.slackd.Slack1.Error.InvalidDescriptor");
  } else {
    const Finished finished = peer.wait_for(run);
    CHECK(finished.verdict == "refused");
    CHECK(finished.text("reason").find("directory") != std::string::npos);
  }
  CHECK(peer.answers());
}

TEST_CASE("a descriptor that is not open for reading is turned away") {
  Peer peer;
  const Fd path_only(::open("/", O_PATH | O_CLOEXEC));
  const Fd write_only(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  for (const int fd : {path_only.get(), write_only.get()}) {
    std::string error;
    const std::string run = peer.run_module(fd, {}, &error);
    if (run.empty()) {
      CHECK(error == "org.slackd.Slack1.Error.InvalidDescriptor");
    } else {
      CHECK(peer.wait_for(run).verdict == "refused");
    }
  }
  CHECK(peer.answers());
}

TEST_CASE("a module of more than a gibibyte is refused without being read into the daemon") {
  Peer peer;
  auto module = make_memfd("huge");
  REQUIRE(module);
  REQUIRE(::ftruncate(module->get(), static_cast<off_t>(kGiB + 1)) == 0);
  std::string error;
  const std::string run = peer.run_module(module->get(), {}, &error);
  if (run.empty()) {
    CHECK(error == "org.slackd.Slack1.Error.LimitExceeded");
  } else {
    const Finished finished = peer.wait_for(run);
    CHECK(finished.verdict == "refused");
    CHECK(finished.text("reason").find("module") != std::string::npos);
  }
  CHECK(peer.answers());
}

TEST_CASE("a pipe without a writer's end to it cannot hold up the daemon") {
  Peer peer;
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const Fd reading(ends[0]);
  const Fd writing(ends[1]);
  std::string error;
  const std::string stuck = peer.run_module(reading.get(), {}, &error);
  const std::string run = peer.run_module(empty_module(), {});
  CHECK(peer.wait_for(run).verdict == "ok");
  CHECK(peer.answers());
  if (stuck.empty()) CHECK(error == "org.slackd.Slack1.Error.InvalidDescriptor");
}

TEST_CASE("bytes that are no module are refused with the offset") {
  Peer peer;
  const Finished finished = peer.wait_for(peer.run_module("this is no module, whatever its name says", {}));
  CHECK(finished.verdict == "refused");
  CHECK(finished.text("reason").find("magic") != std::string::npos);
  CHECK(finished.number("offset") == 0);
  const Finished empty = peer.wait_for(peer.run_module("", {}));
  CHECK(empty.verdict == "refused");
}

TEST_CASE("a preopened directory that is none is an error") {
  Peer peer;
  const Fd module = open_module(empty_module());
  const std::string told = raw_call(peer, "RunModule", [&](sd_bus_message* call) {
    REQUIRE(sd_bus_message_append(call, "hasa{sv}", module.get(), 0, 1, "dirs", "a(hsb)", 1, module.get(), "/x", 0) >=
            0);
  });
  CHECK(told.find("org.slackd.Slack1.Error.InvalidDescriptor") == 0);
  CHECK(peer.answers());
}

TEST_CASE("linked modules that are none, or of bad names, are errors that name them") {
  Peer peer;
  const Fd module = open_module(empty_module());
  struct Link {
    std::string name;
    int fd;
  };
  const auto told = [&](const std::vector<Link>& links) {
    return raw_call(peer, "RunModule", [&](sd_bus_message* call) {
      REQUIRE(sd_bus_message_append(call, "has", module.get(), 0) >= 0);
      REQUIRE(sd_bus_message_open_container(call, 'a', "{sv}") >= 0);
      REQUIRE(sd_bus_message_open_container(call, 'e', "sv") >= 0);
      REQUIRE(sd_bus_message_append(call, "s", "links") >= 0);
      REQUIRE(sd_bus_message_open_container(call, 'v', "a(sh)") >= 0);
      REQUIRE(sd_bus_message_open_container(call, 'a', "(sh)") >= 0);
      for (const auto& link : links) REQUIRE(sd_bus_message_append(call, "(sh)", link.name.c_str(), link.fd) >= 0);
      for (int i = 0; i < 4; ++i) REQUIRE(sd_bus_message_close_container(call) >= 0);
    });
  };
  const auto is = [](const std::string& text, const char* error, const char* word) {
    INFO(text);
    CHECK(text.find("org.slackd.Slack1.Error." + std::string(error) + ": ") == 0);
    CHECK(text.find(word) != std::string::npos);
  };
  is(told({{"", module.get()}}), "InvalidOption", "empty name");
  is(told({{"twin", module.get()}, {"twin", module.get()}}), "InvalidOption", "'twin'");
  std::vector<Link> many;
  for (int i = 0; i < 25; ++i) many.push_back({"m" + std::to_string(i), module.get()});
  is(told(many), "InvalidOption", "24");
  const Fd folder(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const Fd path_only(::open("/", O_PATH | O_CLOEXEC));
  const Fd write_only(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  for (const int fd : {folder.get(), path_only.get(), write_only.get()})
    is(told({{"fine", module.get()}, {"odd", fd}}), "InvalidDescriptor", "'odd'");
  is(raw_call(peer, "RunModule",
              [&](sd_bus_message* call) {
                REQUIRE(sd_bus_message_append(call, "hasa{sv}", module.get(), 0, 1, "links", "as", 1, "x") >= 0);
              }),
     "InvalidOption", "links");
  CHECK(peer.answers());

  // What only its bytes tell ends the run, and its name is told.
  const Option link = [&](sd_bus_message* message) {
    const Fd no_module = open_module("no module at all");
    REQUIRE(sd_bus_message_append(message, "{sv}", "links", "a(sh)", 1, "library", no_module.get()) >= 0);
  };
  const Finished finished = peer.wait_for(peer.run_module(empty_module(), {link}));
  CHECK(finished.verdict == "refused");
  CHECK(finished.text("reason").find("linked module library: ") == 0);
  CHECK(peer.answers());
}

TEST_CASE("questions about the cache without end are answered or refused, by a slackd of as many threads as before") {
  Peer peer;
  REQUIRE(peer.answers());
  constexpr int kCalls = 500;
  struct Count {
    int answered = 0;
    int refused = 0;
  } count;
  const auto threads = [&] { return std::stoi(status_field(peer.pid(), "Threads")); };
  const int before = threads();
  for (int i = 0; i < kCalls; ++i) {
    const auto on_reply = [](sd_bus_message* reply, void* counted, sd_bus_error*) {
      auto& how = *static_cast<Count*>(counted);
      const sd_bus_error* error = sd_bus_message_get_error(reply);
      if (error == nullptr)
        ++how.answered;
      else if (std::string(error->name) == "org.slackd.Slack1.Error.LimitExceeded")
        ++how.refused;
      return 0;
    };
    REQUIRE(sd_bus_call_method_async(peer.bus(), nullptr, nullptr, kManagerPath, kManagerInterface,
                                     i % 2 == 0 ? "Prune" : "GetStatus", on_reply, &count, "") >= 0);
  }
  int most = 0;
  for (int i = 0; i < 10'000 && count.answered + count.refused < kCalls; ++i) {
    peer.turn(std::chrono::milliseconds(10));
    most = std::max(most, threads());
  }
  CHECK(count.answered + count.refused == kCalls);
  CHECK(count.answered > 0);
  CHECK(most <= before + 2);
  CHECK(peer.answers());
}

TEST_CASE("a limit of nothing and a limit past the end are errors that name the option") {
  Peer peer;
  const Fd module = open_module(empty_module());
  for (const char* option : {"memory_bytes", "slack_usec"}) {
    const std::string told = raw_call(peer, "RunModule", [&](sd_bus_message* call) {
      const std::uint64_t value = option == std::string("slack_usec") ? 1 : 1000 * kGiB;
      REQUIRE(sd_bus_message_append(call, "hasa{sv}", module.get(), 0, 1, option, "t", value) >= 0);
    });
    CHECK(told.find("org.slackd.Slack1.Error.") == 0);
    CHECK(told.find(option) != std::string::npos);
  }
  CHECK(peer.answers());
}

TEST_CASE("a client that leaves in the middle of its run takes the run with it") {
  pid_t daemon = -1;
  {
    Peer peer;
    daemon = peer.pid();
    (void)peer.run_module(endless_module(), {wall(std::chrono::seconds(60))});
    peer.turn(std::chrono::milliseconds(200));
    peer.hang_up();
    // A private slackd ends with its only client; its workers with it.
    for (int i = 0; i < 100 && !children_of(daemon).empty(); ++i) ::usleep(50'000);
    CHECK(children_of(daemon).empty());
  }
}

TEST_CASE("a client that leaves in the middle of a call does no harm") {
  for (int i = 0; i < 10; ++i) {
    Peer peer;
    sd_bus_message* call = nullptr;
    const Fd module = open_module(endless_module());
    REQUIRE(sd_bus_message_new_method_call(peer.bus(), &call, nullptr, kManagerPath, kManagerInterface, "RunModule") >=
            0);
    REQUIRE(sd_bus_message_append(call, "hasa{sv}", module.get(), 0, 0) >= 0);
    REQUIRE(sd_bus_send(peer.bus(), call, nullptr) >= 0);
    sd_bus_flush(peer.bus());
    sd_bus_message_unref(call);
    peer.hang_up();
  }
}

TEST_CASE("a call on a run that there is not is an error that says so, whatever its path") {
  Peer peer;
  for (const char* name : {"999", "0", "007", "abc", "1/2", "18446744073709551616"}) {
    const std::string path = "/org/slackd/Slack1/run/" + std::string(name);
    INFO(path);
    sd_bus_error error = SD_BUS_ERROR_NULL;
    CHECK(sd_bus_call_method(peer.bus(), nullptr, path.c_str(), kRunInterface, "Stop", &error, nullptr, nullptr) < 0);
    CHECK(std::string(error.name ? error.name : "") == "org.slackd.Slack1.Error.NoSuchRun");
    CHECK(std::string(error.message ? error.message : "").find(name) != std::string::npos);
    sd_bus_error_free(&error);
  }
  CHECK(peer.answers());
}

TEST_CASE("a user's 129th run at once waits for room instead of being refused, and the 257th is one too many") {
  Peer peer;
  // 64 MiB of held output each by default: room for 128. Without compiling more than one of them to its end.
  const Fd module = open_module(endless_module());
  std::vector<std::string> runs;
  for (int i = 0; i < 256; ++i) {
    std::string error;
    runs.push_back(peer.run_module(module.get(), {wall(std::chrono::seconds(120))}, &error));
    REQUIRE(error.empty());
  }
  CHECK(error_of(peer, module.get(), {}) == "org.slackd.Slack1.Error.LimitExceeded");
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    sd_bus_error error = SD_BUS_ERROR_NULL;
    CHECK(sd_bus_call_method(peer.bus(), nullptr, run->c_str(), kRunInterface, "Stop", &error, nullptr, nullptr) >= 0);
    sd_bus_error_free(&error);
  }
  for (const auto& run : runs) CHECK(peer.wait_for(run).verdict == "killed");
}

TEST_CASE("stop ends a run with the verdict killed") {
  Peer peer;
  const std::string run = peer.run_module(endless_module(), {});
  sd_bus_error error = SD_BUS_ERROR_NULL;
  CHECK(sd_bus_call_method(peer.bus(), nullptr, run.c_str(), kRunInterface, "Stop", &error, nullptr, nullptr) >= 0);
  sd_bus_error_free(&error);
  CHECK(peer.wait_for(run).verdict == "killed");
}

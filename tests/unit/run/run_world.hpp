// World: a table of runs over scripted children, a clock that the test moves, and what the table told.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/run/run_table.hpp"
#include "daemon/wire/compiler_protocol.hpp"
#include "daemon/wire/worker_protocol.hpp"
#include "tests/unit/run/fake_host.hpp"
#include "tests/unit/run/manual_reactor.hpp"

namespace slack::run {

// --- scripts of children ---

inline void wait_for_end(int socket) { (void)receive_datagram(socket, 4096); }

inline void reply(int socket, wire::CompileStatus status, const char* text = "",
                  std::uint64_t offset = wire::kNoOffset) {
  wire::CompileReply reply{};
  reply.status = status;
  reply.offset = offset;
  reply.text_bytes = static_cast<std::uint32_t>(std::strlen(text));
  std::memcpy(reply.text, text, reply.text_bytes);
  (void)send_datagram(socket, bytes_of(reply));
}

// What a compiler is asked for; nothing where the request has the wrong form.
struct Asked {
  wire::CompileRequest request{};
  std::string entry;
  Fd image;
};
inline std::optional<Asked> receive_request(int socket) {
  auto datagram = receive_datagram(socket, wire::kCompileRequestBytes);
  if (!datagram || datagram->fds.size() != 2 || datagram->bytes.size() < sizeof(wire::CompileRequest)) return {};
  Asked asked;
  std::memcpy(&asked.request, datagram->bytes.data(), sizeof asked.request);
  asked.entry.assign(reinterpret_cast<const char*>(datagram->bytes.data()) + sizeof asked.request,
                     datagram->bytes.size() - sizeof asked.request);
  asked.image = std::move(datagram->fds[1]);
  return asked;
}

inline void good_compiler(int socket) {
  const auto asked = receive_request(socket);
  if (!asked) return;
  (void)!::write(asked->image.get(), "image", 5);
  reply(socket, wire::CompileStatus::compiled);
  wait_for_end(socket);
}

inline void hello(int socket, wire::Stage stage, std::span<const int> fds = {}) {
  const wire::Hello hello{stage};
  (void)send_datagram(socket, bytes_of(hello), fds);
}

inline void report(int socket, wire::End end, const char* text) {
  wire::WorkerReport report{};
  report.end = end;
  report.text_bytes = static_cast<std::uint32_t>(std::strlen(text));
  std::memcpy(report.text, text, report.text_bytes);
  (void)send_datagram(socket, bytes_of(report));
}

inline constexpr int kAllSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

inline void good_worker(int socket) {
  const int uffd[] = {0};
  hello(socket, wire::Stage::ready, uffd);
  const auto start = receive_datagram(socket, sizeof(wire::Start));
  if (!start || start->bytes.size() != sizeof(wire::Start)) return;
  if (start->fds.size() != 6) return report(socket, wire::End::refused, "not six descriptors");
  if (::fcntl(start->fds[0].get(), F_GET_SEALS) != kAllSeals)
    return report(socket, wire::End::refused, "image unsealed");
  if (::fcntl(start->fds[1].get(), F_GET_SEALS) != kAllSeals)
    return report(socket, wire::End::refused, "brief unsealed");
  (void)!::write(start->fds[3].get(), "output", 6);
  (void)!::write(start->fds[4].get(), "trouble", 7);
  hello(socket, wire::Stage::prepared);
  wait_for_end(socket);
}

// --- a table of runs and what it told ---

struct Recorder final : TableObserver {
  std::vector<std::string> states;
  std::vector<RunId> finished;
  std::vector<RunId> removed;
  int idle = 0;
  void run_changed(const Run& run) override {
    states.push_back(std::to_string(run.id()) + " " + std::string(name_of(run.state())));
  }
  void run_finished(const Run& run) override { finished.push_back(run.id()); }
  void run_removed(RunId run) override { removed.push_back(run); }
  void all_gone() override { ++idle; }
};

struct World {
  ManualReactor reactor;
  FakeHost host;
  Recorder recorder;
  std::unique_ptr<RunTable> table;
  Fd output;

  explicit World(std::size_t compilers = 4) {
    ::signal(SIGPIPE, SIG_IGN);
    host.compiler = good_compiler;
    host.worker = good_worker;
    table = std::make_unique<RunTable>(reactor, host, RunTable::Config{{}, compilers}, recorder);
  }
  ~World() {
    end_workers();
    CHECK(reactor.run_until([&] { return ::waitpid(-1, nullptr, WNOHANG) < 0; }));
    CHECK(errno == ECHILD);
  }

  Request request() {
    Request request;
    request.uid = ::getuid();
    request.gid = ::getgid();
    request.module = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    output = Fd(ends[0]);
    request.standard_output = Fd(ends[1]);
    request.standard_error = std::move(*request.standard_output.duplicate());
    RequestedDirectory directory;
    directory.directory = Fd(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    directory.guest_name = ".";
    request.directories.push_back(std::move(directory));
    return request;
  }
  RunId add(Request request) {
    const auto id = table->add(std::move(request));
    REQUIRE(id);
    return *id;
  }
  RunId add() { return add(request()); }
  const RunResult& finish(RunId id) {
    REQUIRE(reactor.run_until([&] { return table->find(id)->state() == State::finished; }));
    return table->find(id)->result();
  }
  void reach(RunId id, State state) {
    REQUIRE(reactor.run_until([&] { return table->find(id)->state() == state; }));
  }
  void conclude(RunId id, Verdict verdict) {
    monitor::Outcome outcome;
    outcome.id = id;
    outcome.verdict = verdict;
    outcome.fuel = Fuel(11);
    if (verdict == Verdict::ok) {
      outcome.report.emplace();
      outcome.report->end = wire::End::returned;
    }
    host.outcome(outcome);
  }
  void end_workers() {
    for (auto& assignment : host.executed) {
      send_kill(assignment.pidfd.get());
      ::waitpid(assignment.pid, nullptr, 0);
    }
  }
  std::string released() {
    end_workers();  // being forks of the test, they hold the pipe open
    std::string all;
    char buffer[256];
    for (ssize_t n = 0; (n = ::read(output.get(), buffer, sizeof buffer)) > 0;) all.append(buffer, n);
    return all;
  }
};

}  // namespace slack::run

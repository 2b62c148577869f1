// A run's way through its states, with scripted children: every way it can go ends in one verdict and leaves no
// process.
#include "daemon/run/run.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "daemon/run/limits.hpp"
#include "daemon/run/run_table.hpp"
#include "daemon/wire/compiler_protocol.hpp"
#include "tests/unit/run/fake_host.hpp"
#include "tests/unit/run/manual_reactor.hpp"

namespace slack::run {
namespace {

// --- scripts of children ---

void wait_for_end(int socket) { (void)receive_datagram(socket, 4096); }

void reply(int socket, wire::CompileStatus status, const char* text = "", std::uint64_t offset = wire::kNoOffset) {
  wire::CompileReply reply{};
  reply.status = status;
  reply.offset = offset;
  reply.text_bytes = static_cast<std::uint32_t>(std::strlen(text));
  std::memcpy(reply.text, text, reply.text_bytes);
  (void)send_datagram(socket, bytes_of(reply));
}

void good_compiler(int socket) {
  const auto request = receive_datagram(socket, sizeof(wire::CompileRequest));
  if (!request || request->fds.size() != 2) return;
  (void)!::write(request->fds[1].get(), "image", 5);
  reply(socket, wire::CompileStatus::compiled);
  wait_for_end(socket);
}

void hello(int socket, wire::Stage stage, std::span<const int> fds = {}) {
  const wire::Hello hello{stage};
  (void)send_datagram(socket, bytes_of(hello), fds);
}

void report(int socket, wire::End end, const char* text) {
  wire::WorkerReport report{};
  report.end = end;
  report.text_bytes = static_cast<std::uint32_t>(std::strlen(text));
  std::memcpy(report.text, text, report.text_bytes);
  (void)send_datagram(socket, bytes_of(report));
}

constexpr int kAllSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

void good_worker(int socket) {
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

TEST_CASE("a run that goes well passes through every state and releases its output") {
  World world;
  const RunId id = world.add();
  CHECK(world.table->find(id)->state() == State::queued);
  world.reach(id, State::running);
  REQUIRE(world.host.executed.size() == 1);
  CHECK(world.host.executed[0].userfaultfd.valid());
  CHECK(world.table->find(id)->fuel_consumed() == Fuel(7));
  CHECK(world.recorder.finished.empty());
  world.conclude(id, Verdict::ok);
  const auto& result = world.finish(id);
  CHECK(result.verdict == Verdict::ok);
  CHECK(result.exit_code == 0);
  CHECK(result.fuel_consumed == 11u);
  CHECK(result.compile_usec);
  CHECK(world.released() == "outputtrouble");
  CHECK(world.recorder.states ==
        std::vector<std::string>{"1 compiling", "1 preparing", "1 running", "1 releasing", "1 finished"});
  CHECK(world.recorder.finished == std::vector<RunId>{id});
}

TEST_CASE("linked modules are compiled in their order after the module, each for its slot, and go to the worker") {
  World world;
  auto request = world.request();
  for (const char* name : {"first", "second"})
    request.links.push_back({name, Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC))});
  world.host.compiler = [](int socket) {
    const auto asked = receive_datagram(socket, sizeof(wire::CompileRequest));
    if (!asked || asked->fds.size() != 2) return;
    wire::CompileRequest compile{};
    std::memcpy(&compile, asked->bytes.data(), sizeof compile);
    (void)!::write(asked->fds[1].get(), "image", 1 + compile.slot);
    reply(socket, wire::CompileStatus::compiled);
    wait_for_end(socket);
  };
  world.host.worker = [](int socket) {
    const int uffd[] = {0};
    hello(socket, wire::Stage::ready, uffd);
    const auto message = receive_datagram(socket, sizeof(wire::Start));
    if (!message || message->bytes.size() != sizeof(wire::Start)) return;
    wire::Start start{};
    std::memcpy(&start, message->bytes.data(), sizeof start);
    if (start.links != 2 || start.directories != 1 || message->fds.size() != 8)
      return report(socket, wire::End::refused, "not two linked modules and a directory");
    const std::size_t images[] = {0, 5, 6};
    for (std::size_t slot = 0; slot < std::size(images); ++slot)
      if (::lseek(message->fds[images[slot]].get(), 0, SEEK_END) != static_cast<off_t>(1 + slot))
        return report(socket, wire::End::refused, "an image in the wrong place");
    hello(socket, wire::Stage::prepared);
    wait_for_end(socket);
  };
  const RunId id = world.add(std::move(request));
  world.reach(id, State::running);
  CHECK(world.host.compilers_started == 3);
  world.conclude(id, Verdict::ok);
  CHECK(world.finish(id).verdict == Verdict::ok);
  world.end_workers();
}

TEST_CASE("a linked module that is refused is named") {
  World world;
  auto request = world.request();
  request.links.push_back({"first", Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC))});
  world.host.compiler = [](int socket) {
    const auto asked = receive_datagram(socket, sizeof(wire::CompileRequest));
    if (!asked || asked->fds.size() != 2) return;
    wire::CompileRequest compile{};
    std::memcpy(&compile, asked->bytes.data(), sizeof compile);
    (void)!::write(asked->fds[1].get(), "image", 5);
    reply(socket, compile.slot == 0 ? wire::CompileStatus::compiled : wire::CompileStatus::refused, "no good", 8);
    wait_for_end(socket);
  };
  const auto& result = world.finish(world.add(std::move(request)));
  CHECK(result.verdict == Verdict::refused);
  CHECK(result.reason == "linked module first: no good");
  CHECK(result.offset == 8u);
}

TEST_CASE("output of a run with another verdict stays where it is") {
  World world;
  const RunId id = world.add();
  world.reach(id, State::running);
  world.conclude(id, Verdict::out_of_fuel);
  CHECK(world.finish(id).verdict == Verdict::out_of_fuel);
  CHECK(world.released().empty());
}

TEST_CASE("output that is to be kept goes to standard error after another verdict") {
  World world;
  auto request = world.request();
  request.options.keep_output = true;
  request.standard_output.reset();
  const RunId id = world.add(std::move(request));
  world.reach(id, State::running);
  world.conclude(id, Verdict::trap);
  CHECK(world.finish(id).verdict == Verdict::trap);
  CHECK(world.released() == "outputtrouble");
}

TEST_CASE("streamed output reaches the client's descriptor whatever the verdict") {
  World world;
  auto request = world.request();
  request.options.stream = true;
  const RunId id = world.add(std::move(request));
  world.reach(id, State::running);
  world.conclude(id, Verdict::killed);
  world.finish(id);
  CHECK(world.released() == "outputtrouble");
}

TEST_CASE("a module that is refused is told where and why") {
  World world;
  world.host.compiler = [](int socket) { reply(socket, wire::CompileStatus::refused, "unexpected end", 8); };
  const auto& result = world.finish(world.add());
  CHECK(result.verdict == Verdict::refused);
  CHECK(result.reason == "unexpected end");
  CHECK(result.offset == 8u);
}

TEST_CASE("a compiler that dies is a crash with its evidence") {
  World world;
  world.host.compiler = [](int) { ::raise(SIGKILL); };
  const auto& killed = world.finish(world.add());
  CHECK(killed.verdict == Verdict::crashed);
  CHECK(killed.reason == "the compiler ended without a word: killed by SIGKILL");
  world.host.compiler = [](int) { ::_exit(3); };
  CHECK(world.finish(world.add()).reason == "the compiler ended without a word: exit status 3");
  world.host.compiler = [](int) {
    ::signal(SIGXFSZ, SIG_DFL);
    ::raise(SIGXFSZ);
  };
  CHECK(world.finish(world.add()).verdict == Verdict::refused);
}

TEST_CASE("a compiler that talks nonsense is a crash") {
  World world;
  world.host.compiler = [](int socket) {
    const char word = 'x';
    (void)send_datagram(socket, bytes_of(word));
    wait_for_end(socket);
  };
  CHECK(world.finish(world.add()).reason == "the compiler broke its protocol");
  world.host.compiler = [](int socket) {
    const std::array<char, sizeof(wire::CompileReply) + 1> flood{};
    (void)send_datagram(socket, bytes_of(flood));
    wait_for_end(socket);
  };
  CHECK(world.finish(world.add()).verdict == Verdict::crashed);
}

TEST_CASE("a module that takes too long to compile is refused") {
  World world;
  world.host.compiler = [](int) { ::pause(); };
  const RunId id = world.add();
  world.reach(id, State::compiling);
  world.reactor.advance(limits::kCompilerWall);
  const auto& result = world.finish(id);
  CHECK(result.verdict == Verdict::refused);
  CHECK(result.reason == "compiling it takes more than 1200 s");
}

TEST_CASE("a worker that refuses, dies or says nothing ends its run") {
  World world;
  world.host.worker = [](int socket) { report(socket, wire::End::refused, "unknown import"); };
  const auto& refused = world.finish(world.add());
  CHECK(refused.verdict == Verdict::refused);
  CHECK(refused.reason == "unknown import");

  world.host.worker = [](int) { ::raise(SIGKILL); };
  CHECK(world.finish(world.add()).reason == "the worker ended before it was ready: killed by SIGKILL");

  world.host.worker = [](int socket) {
    const int uffd[] = {0};
    hello(socket, wire::Stage::ready, uffd);
    (void)receive_datagram(socket, sizeof(wire::Start));
    ::_exit(9);
  };
  CHECK(world.finish(world.add()).reason == "the worker ended before it was prepared: exit status 9");

  world.host.worker = [](int socket) { hello(socket, wire::Stage::prepared); };
  CHECK(world.finish(world.add()).reason == "the worker broke its protocol");

  world.host.worker = [](int socket) { hello(socket, wire::Stage::ready); };
  CHECK(world.finish(world.add()).reason == "the worker sent no userfaultfd");

  world.host.worker = [](int) { ::pause(); };
  const RunId silent = world.add();
  world.reach(silent, State::preparing);
  world.reactor.advance(limits::kReadyWall);
  CHECK(world.finish(silent).reason == "the worker was not ready within 20 s");
}

TEST_CASE("a run can be stopped in every state and is killed once") {
  World world(1);
  world.host.compiler = [](int) { ::pause(); };
  const RunId compiling = world.add();
  const RunId queued = world.add();
  world.reach(compiling, State::compiling);
  CHECK(world.table->find(queued)->state() == State::queued);
  world.table->find(queued)->stop("by test");
  CHECK(world.finish(queued).verdict == Verdict::killed);
  CHECK(world.host.compilers_started == 1);
  world.table->find(compiling)->stop("by test");
  CHECK(world.finish(compiling).verdict == Verdict::killed);
  CHECK(world.finish(compiling).reason == "by test");

  world.host.compiler = good_compiler;
  world.host.worker = [](int) { ::pause(); };
  const RunId preparing = world.add();
  world.reach(preparing, State::preparing);
  world.table->find(preparing)->stop("by test");
  CHECK(world.finish(preparing).verdict == Verdict::killed);

  world.host.worker = good_worker;
  const RunId running = world.add();
  world.reach(running, State::running);
  world.table->find(running)->stop("by test");
  CHECK(world.table->find(running)->state() == State::running);  // until the monitor says so
  CHECK(world.host.stopped == std::vector<std::pair<RunId, std::string>>{{running, "by test"}});
  world.conclude(running, Verdict::killed);
  CHECK(world.finish(running).verdict == Verdict::killed);
  world.table->find(running)->stop("again");
  CHECK(world.recorder.finished.size() == 4);
}

TEST_CASE("stopping a release that nobody reads keeps the verdict") {
  World world;
  auto request = world.request();
  ::fcntl(request.standard_output.get(), F_SETPIPE_SZ, 4096);
  world.host.worker = [](int socket) {
    const int uffd[] = {0};
    hello(socket, wire::Stage::ready, uffd);
    const auto start = receive_datagram(socket, sizeof(wire::Start));
    const std::string flood(1 << 20, 'x');
    (void)!::write(start->fds[3].get(), flood.data(), flood.size());
    hello(socket, wire::Stage::prepared);
    wait_for_end(socket);
  };
  const RunId id = world.add(std::move(request));
  world.reach(id, State::running);
  world.conclude(id, Verdict::ok);
  CHECK(world.table->find(id)->state() == State::releasing);
  world.table->find(id)->stop("by test");
  const auto& result = world.finish(id);
  CHECK(result.verdict == Verdict::ok);
  CHECK(result.reason == "output was not released: cut short");
}

TEST_CASE("no more compilers work at once than there are turns, and the rest wait in line") {
  World world(1);
  world.host.compiler = [](int socket) {
    (void)receive_datagram(socket, sizeof(wire::CompileRequest));
    reply(socket, wire::CompileStatus::refused, "so");
    wait_for_end(socket);
  };
  std::vector<RunId> runs;
  for (int i = 0; i < 5; ++i) runs.push_back(world.add());
  for (const RunId run : runs) world.finish(run);
  std::size_t compiling = 0;
  for (const auto& state : world.recorder.states) {
    if (state.ends_with("compiling")) CHECK(++compiling == 1);
    if (state.ends_with("finished")) --compiling;
  }
  CHECK(world.recorder.finished == runs);
}

TEST_CASE("runs that find no room for their held output wait for it") {
  World world;
  Admission::Limits limits;
  limits.held_per_user = Bytes(2 << 20);
  world.table = std::make_unique<RunTable>(world.reactor, world.host, RunTable::Config{limits, 4}, world.recorder);
  std::vector<RunId> runs;
  for (int i = 0; i < 3; ++i) {
    auto request = world.request();
    request.options.output = Bytes(1 << 20);
    runs.push_back(world.add(std::move(request)));
  }
  world.reach(runs[0], State::running);
  world.reach(runs[1], State::running);
  CHECK(world.table->find(runs[2])->state() == State::queued);
  CHECK(world.host.compilers_started == 2);
  world.conclude(runs[0], Verdict::trap);
  world.finish(runs[0]);
  const auto place = std::ranges::find(world.host.executed, runs[0], &monitor::Assignment::id);
  world.host.charges.erase(world.host.charges.begin() + (place - world.host.executed.begin()));  // its worker is reaped
  world.host.reaped();
  world.reach(runs[2], State::running);
  for (const RunId run : {runs[1], runs[2]}) world.conclude(run, Verdict::trap);
}

TEST_CASE("an image counts for its user, and one too many is a limit by name") {
  World world;
  Admission::Limits limits;
  limits.images_per_user = Bytes(9);  // the images here have five bytes
  world.table = std::make_unique<RunTable>(world.reactor, world.host, RunTable::Config{limits, 4}, world.recorder);
  const RunId first = world.add();
  world.reach(first, State::running);
  const auto& second = world.finish(world.add());
  CHECK(second.verdict == Verdict::limit);
  CHECK(second.reason == "bytes of code images of user " + std::to_string(::getuid()) + ": 10 asked for, 9 allowed");
}

TEST_CASE("a compiler is in a group of its own before it is given the module") {
  World world;
  world.host.compiler = [](int socket) {
    // The request must not have come yet when the group is made.
    wait_for_end(socket);
  };
  bool asked = false;
  world.host.group = [&](const std::string& name, pid_t child, Bytes memory) {
    asked = true;
    CHECK(name == "compile-1");
    CHECK(::kill(child, 0) == 0);
    CHECK(memory == limits::kCompilerGroup);
    return Fault{EBUSY, "no group to be had"};
  };
  const auto& result = world.finish(world.add());
  CHECK(asked);
  CHECK(result.verdict == Verdict::crashed);
  CHECK(result.reason == "fault of slackd: no group to be had");
  world.host.group = nullptr;
}

// --- the cache ---

// A folder of the test's own, and a configuration with a cache in it.
struct CacheFolder {
  std::string path;
  CacheFolder() {
    char pattern[] = "/tmp/slack-cache-XXXXXX";
    REQUIRE(::mkdtemp(pattern) != nullptr);
    path = pattern;
  }
  ~CacheFolder() { std::filesystem::remove_all(path); }
  RunTable::Config config(std::size_t compilers = 4) const {
    RunTable::Config config{{}, compilers};
    auto store = cache::ImageStore::open(path, {Bytes(1 << 20), Bytes(1 << 20)});
    REQUIRE(store);
    config.cache.store = std::move(*store);
    return config;
  }
};

Request cached_request(World& world, const std::string& module) {
  auto request = world.request();
  request.module = std::move(*make_sealed_memfd("module", module.data(), Bytes(module.size())));
  return request;
}

TEST_CASE("the second run of a module skips the compiler, in memory and from disk") {
  const CacheFolder folder;
  World world;
  for (const bool anew : {false, true}) {
    // A new daemon has nothing in memory.
    world.table = std::make_unique<RunTable>(world.reactor, world.host, folder.config(), world.recorder);
    for (int i = 0; i < 2; ++i) {
      const RunId id = world.add(cached_request(world, "a module"));
      world.reach(id, State::running);
      world.conclude(id, Verdict::trap);
      const auto& result = world.finish(id);
      CHECK(result.cache == (anew || i == 1 ? "hit" : "miss"));
      CHECK(result.compile_usec == 0u);  // the clock here stands still
      REQUIRE(world.reactor.run_until([&] { return world.table->cache().idle(); }));
    }
    CHECK(world.host.compilers_started == 1);
  }
  // The image is the one that was made, sealed: the worker's script looks at the seals.
  const RunId other = world.add(cached_request(world, "another module"));
  world.reach(other, State::running);
  CHECK(world.host.compilers_started == 2);
  world.conclude(other, Verdict::trap);
  CHECK(world.finish(other).cache == "miss");
  REQUIRE(world.reactor.run_until([&] { return world.table->cache().idle(); }));
}

TEST_CASE("what an image depends on parts it: options, compiler, user; and a run may do without the cache") {
  const CacheFolder folder;
  World world;
  world.table = std::make_unique<RunTable>(world.reactor, world.host, folder.config(), world.recorder);
  std::size_t compiled = 0;
  const auto run = [&](const std::function<void(Request&)>& change) {
    auto request = cached_request(world, "a module");
    change(request);
    const RunId id = world.add(std::move(request));
    world.reach(id, State::running);
    world.conclude(id, Verdict::trap);
    const auto result = world.finish(id);
    REQUIRE(world.reactor.run_until([&] { return world.table->cache().idle(); }));
    const bool more = world.host.compilers_started > compiled;
    compiled = world.host.compilers_started;
    return std::string(more ? "compiled " : "taken ") + *result.cache;
  };
  const auto as_it_is = [](Request&) {};
  CHECK(run(as_it_is) == "compiled miss");
  CHECK(run(as_it_is) == "taken hit");
  CHECK(run([](Request& request) { request.options.deterministic = true; }) == "compiled miss");
  CHECK(run([](Request& request) { request.options.metering = Metering::none; }) == "compiled miss");
  CHECK(run([](Request& request) { request.options.cache = false; }) == "compiled off");
  CHECK(run([](Request& request) { request.options.fuel = Fuel(7); }) == "taken hit");
  if (::geteuid() == 0) CHECK(run([](Request& request) { request.uid = 12345; }) == "compiled miss");
  world.host.build = "a later compiler";
  CHECK(run(as_it_is) == "compiled miss");
}

TEST_CASE("of many runs of one module at once only as many compile as have turns") {
  const CacheFolder folder;
  World world;
  world.table = std::make_unique<RunTable>(world.reactor, world.host, folder.config(1), world.recorder);
  std::vector<RunId> runs;
  for (int i = 0; i < 5; ++i) runs.push_back(world.add(cached_request(world, "a module")));
  for (const RunId run : runs) world.reach(run, State::running);
  CHECK(world.host.compilers_started == 1);
  for (const RunId run : runs) {
    world.conclude(run, Verdict::trap);
    world.finish(run);
  }
  REQUIRE(world.reactor.run_until([&] { return world.table->cache().idle(); }));
}

TEST_CASE("a table is not idle before its images are on disk, and prune removes them") {
  const CacheFolder folder;
  World world;
  world.table = std::make_unique<RunTable>(world.reactor, world.host, folder.config(), world.recorder);
  const RunId id = world.add(cached_request(world, "a module"));
  world.reach(id, State::preparing);
  CHECK_FALSE(world.table->cache().idle());
  world.reach(id, State::running);
  REQUIRE(world.reactor.run_until([&] { return world.table->cache().idle(); }));
  std::optional<ImageCache::Status> status;
  world.table->cache().tell([&](const ImageCache::Status& told) { status = told; });
  REQUIRE(world.reactor.run_until([&] { return status.has_value(); }));
  CHECK(status->facility.available);
  CHECK(status->counters.at("images") == 1);
  CHECK(status->counters.at("misses") == 1);
  CHECK(status->counters.at("resident_bytes") == 5);
  std::optional<std::uint64_t> removed;
  world.table->cache().prune(uid_t{4711}, [&](std::uint64_t count) { removed = count; });
  REQUIRE(world.reactor.run_until([&] { return removed.has_value(); }));
  CHECK(removed == 0u);
  removed.reset();
  world.table->cache().prune(::getuid(), [&](std::uint64_t count) { removed = count; });
  REQUIRE(world.reactor.run_until([&] { return removed.has_value(); }));
  CHECK(removed == 1u);
  world.conclude(id, Verdict::trap);
}

TEST_CASE("a module that cannot be read here is the compiler's to refuse") {
  const CacheFolder folder;
  World world;
  world.table = std::make_unique<RunTable>(world.reactor, world.host, folder.config(), world.recorder);
  world.host.compiler = [](int socket) { reply(socket, wire::CompileStatus::refused, "unexpected end", 0); };
  const auto& result = world.finish(world.add());  // of /dev/null
  CHECK(result.verdict == Verdict::refused);
  CHECK(result.reason == "unexpected end");
}

TEST_CASE("the user's account is charged until the worker has been reaped") {
  World world;
  const RunId id = world.add();
  world.reach(id, State::running);
  world.conclude(id, Verdict::ok);
  world.finish(id);
  REQUIRE(world.host.charges.size() == 1);
  CHECK(world.host.charges[0].use_count() == 1);  // the run has let go, the monitor has not
}

TEST_CASE("finished runs are forgotten in time, by number and on demand") {
  World world;
  world.host.compiler = [](int socket) {
    reply(socket, wire::CompileStatus::refused, "so");
    wait_for_end(socket);
  };
  for (std::size_t i = 0; i < limits::kFinishedPerUser + 2; ++i) world.finish(world.add());
  REQUIRE(world.reactor.run_until([&] { return world.recorder.removed.size() >= 2; }));
  CHECK(world.recorder.removed == std::vector<RunId>{1, 2});
  CHECK(world.table->live().empty());

  CHECK(world.table->prune(uid_t{4711}) == 0);
  CHECK(world.table->prune(::getuid()) == limits::kFinishedPerUser);
  REQUIRE(world.reactor.run_until([&] { return world.recorder.removed.size() == limits::kFinishedPerUser + 2; }));

  const RunId last = world.add();
  world.finish(last);
  world.reactor.advance(limits::kFinishedKept);
  REQUIRE(world.reactor.run_until([&] { return world.table->find(last) == nullptr; }));
}

TEST_CASE("a directory that cannot be handed in refuses the call") {
  World world;
  auto request = world.request();
  request.directories[0].directory.reset();
  const auto id = world.table->add(std::move(request));
  REQUIRE_FALSE(id);
  CHECK(id.error().why == RunTable::Refusal::Why::directory);
  CHECK(id.error().what == "directory '.': dup: Bad file descriptor");
  CHECK(world.table->live_count() == 0);
}

TEST_CASE("a run that was forgotten goes as soon as it has finished") {
  World world;
  const RunId id = world.add();
  world.reach(id, State::running);
  world.table->forget(id);
  CHECK(world.table->find(id) != nullptr);
  world.conclude(id, Verdict::killed);
  REQUIRE(world.reactor.run_until([&] { return world.table->find(id) == nullptr; }));
}

TEST_CASE("a table that shuts down kills what lives, takes nothing more, and says when all is gone") {
  World world;
  world.host.compiler = [](int) { ::pause(); };
  const RunId id = world.add();
  world.reach(id, State::compiling);
  world.table->shut_down("the test is over");
  CHECK(world.finish(id).reason == "the test is over");
  const auto late = world.table->add(world.request());
  REQUIRE_FALSE(late);
  CHECK(late.error().why == RunTable::Refusal::Why::shutting_down);
  REQUIRE(world.reactor.run_until([&] { return world.table->idle(); }));
  CHECK(world.recorder.idle > 0);
}

}  // namespace
}  // namespace slack::run

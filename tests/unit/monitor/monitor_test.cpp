// The monitor with real processes: every way a run can end, and that nothing of it is left behind.
#include "daemon/monitor/monitor.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <map>

#include "daemon/base/clock.hpp"
#include "daemon/wire/trap.hpp"
#include "tests/unit/monitor/fake_worker.hpp"

using namespace slack;
using namespace slack::monitor;
using test::fork_worker;
namespace inside = test::inside;

namespace {

constexpr int kPatienceMs = 20'000;

// A monitor and what it has told.
struct World {
  explicit World(Monitor::Config config = {}) : monitor(std::move(*Monitor::start(config))) {}

  // Collects events until every run of `ids` is reaped; false: it took too long.
  bool settle(const std::vector<RunId>& ids) {
    const auto settled = [&] {
      return std::all_of(ids.begin(), ids.end(), [this](RunId id) { return reaped.count(id) == 1; });
    };
    while (!settled()) {
      pollfd ready{monitor->event_fd(), POLLIN, 0};
      if (::poll(&ready, 1, kPatienceMs) != 1) return false;
      for (Event& event : monitor->take_events()) {
        if (event.outcome) {
          REQUIRE(outcomes.count(event.outcome->id) == 0);
          outcomes.emplace(event.outcome->id, std::move(*event.outcome));
        }
        if (event.reaped) {
          REQUIRE(outcomes.count(*event.reaped) == 1);
          ++reaped[*event.reaped];
        }
      }
    }
    return true;
  }
  // Runs one worker to its end.
  Outcome end_of(const test::Body& body, RunLimits limits = {}) {
    const RunId id = ++last;
    REQUIRE(monitor->run(fork_worker(id, body, limits)));
    REQUIRE(settle({id}));
    return outcomes.at(id);
  }

  std::unique_ptr<Monitor> monitor;
  std::map<RunId, Outcome> outcomes;
  std::map<RunId, int> reaped;
  RunId last = 0;
};

bool skip(const char* name) {
  if (test::userfaultfd_works()) return false;
  std::printf("SKIPPED: %s: no user-mode userfaultfd\n", name);
  return true;
}
bool skip_without_bpf(const char* name, const World& world) {
  if (world.monitor->status().bpf) return false;
  std::printf("SKIPPED: %s: %s\n", name, world.monitor->status().bpf_reason.c_str());
  return true;
}
#define SKIP_UNLESS_POSSIBLE(name) \
  if (skip(name)) return

void endless(int) { inside::count(0, test::kForever); }

std::size_t open_descriptors() {
  std::size_t count = 0;
  DIR* folder = ::opendir("/proc/self/fd");
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;
}

// Context switches of the thread that is named slackd-monitor.
std::optional<long> monitor_switches() {
  DIR* folder = ::opendir("/proc/self/task");
  std::optional<long> switches;
  while (const dirent* entry = ::readdir(folder)) {
    std::ifstream status(std::string("/proc/self/task/") + entry->d_name + "/status");
    std::string line;
    bool ours = false;
    while (std::getline(status, line)) {
      if (line == "Name:\tslackd-monitor") ours = true;
      constexpr std::string_view kLabel = "voluntary_ctxt_switches:";
      if (ours && line.compare(0, kLabel.size(), kLabel) == 0) switches = std::stol(line.substr(kLabel.size()));
    }
  }
  ::closedir(folder);
  return switches;
}

}  // namespace

TEST_CASE("an endless run ends out_of_fuel") {
  SKIP_UNLESS_POSSIBLE("an endless run ends out_of_fuel");
  World world;
  const Outcome outcome = world.end_of(endless, {.fuel = Fuel(5'000'000)});
  CHECK(outcome.verdict == Verdict::out_of_fuel);
  CHECK(outcome.fuel > Fuel(5'000'000));
  CHECK_FALSE(outcome.report);
  CHECK(outcome.looks > 0);
  CHECK(outcome.arms == 1);
  CHECK(outcome.cpu_time > Micros(0));
  CHECK(outcome.run_time >= Micros(500));
  CHECK(outcome.peak_memory > Bytes(0));
  CHECK(outcome.stop_latency);
}

TEST_CASE("fuel of a parked run is exact: the register and the potential") {
  SKIP_UNLESS_POSSIBLE("fuel of a parked run is exact: the register and the potential");
  World world;
  if (skip_without_bpf("fuel of a parked run is exact: the register and the potential", world)) return;
  for (int round = 0; round < 20; ++round) {
    const RunId id = ++world.last;
    Assignment assignment = fork_worker(id, endless, {.fuel = Fuel(100'000)});
    const Fd page = std::move(*assignment.safepoint_page.duplicate());
    REQUIRE(world.monitor->run(std::move(assignment)));
    REQUIRE(world.settle({id}));
    std::uint64_t published = 0;
    REQUIRE(::pread(page.get(), &published, sizeof published, 0) == sizeof published);
    CHECK(world.outcomes.at(id).fuel_exact);
    CHECK(world.outcomes.at(id).fuel == Fuel(published + 1 + test::kPotential));
  }
}

TEST_CASE("a run parked in host code is exact by rax") {
  SKIP_UNLESS_POSSIBLE("a run parked in host code is exact by rax");
  World world;
  if (skip_without_bpf("a run parked in host code is exact by rax", world)) return;
  const auto body = [](int) { inside::count_in_host(0, test::kForever); };
  const Outcome outcome = world.end_of(body, {.fuel = Fuel(100'000)});
  CHECK(outcome.verdict == Verdict::out_of_fuel);
  CHECK(outcome.fuel_exact);
}

TEST_CASE("without BPF the fuel is the published one and says so") {
  SKIP_UNLESS_POSSIBLE("without BPF the fuel is the published one and says so");
  World world({.want_bpf = false});
  CHECK_FALSE(world.monitor->status().bpf);
  CHECK(world.monitor->status().bpf_reason == "not asked for");
  const Outcome outcome = world.end_of(endless, {.fuel = Fuel(100'000)});
  CHECK(outcome.verdict == Verdict::out_of_fuel);
  CHECK(outcome.fuel > Fuel(100'000));
  CHECK_FALSE(outcome.fuel_exact);
  CHECK(outcome.arms == 1);
}

TEST_CASE("a run that finished within its limit is ok with its exact fuel") {
  SKIP_UNLESS_POSSIBLE("a run that finished within its limit is ok with its exact fuel");
  World world;
  const auto body = [](int socket) { inside::report_returned(socket, inside::count(0, 5000)); };
  const Outcome outcome = world.end_of(body, {.fuel = Fuel(5000)});
  CHECK(outcome.verdict == Verdict::ok);
  CHECK(outcome.fuel == Fuel(5000));
  CHECK(outcome.fuel_exact);
  REQUIRE(outcome.report);
  CHECK(outcome.report->end == wire::End::returned);
}

TEST_CASE("a run over its limit is out_of_fuel even if it finished first") {
  SKIP_UNLESS_POSSIBLE("a run over its limit is out_of_fuel even if it finished first");
  World world;
  const auto body = [](int socket) { inside::report_returned(socket, inside::count(0, 5000)); };
  const Outcome outcome = world.end_of(body, {.fuel = Fuel(4999)});
  CHECK(outcome.verdict == Verdict::out_of_fuel);
  CHECK(outcome.fuel == Fuel(5000));
  const auto liar = [](int socket) { inside::report_returned(socket, inside::count(0, 5000) - 4000); };
  CHECK(world.end_of(liar, {.fuel = Fuel(4999)}).verdict == Verdict::out_of_fuel);
}

TEST_CASE("a spinning run ends at its wall deadline") {
  SKIP_UNLESS_POSSIBLE("a spinning run ends at its wall deadline");
  World world;
  const Outcome outcome = world.end_of(endless, {.wall = Micros(50'000)});
  CHECK(outcome.verdict == Verdict::deadline);
  CHECK(outcome.reason == "wall");
  CHECK(outcome.run_time >= Micros(50'000));
  CHECK(outcome.looks == 1);
}

TEST_CASE("a spinning run ends at its CPU deadline") {
  SKIP_UNLESS_POSSIBLE("a spinning run ends at its CPU deadline");
  World world;
  const Outcome outcome = world.end_of(endless, {.cpu = Micros(50'000)});
  CHECK(outcome.verdict == Verdict::deadline);
  CHECK(outcome.reason == "cpu");
  CHECK(outcome.cpu_time >= Micros(50'000));
}

TEST_CASE("a run over its CPU deadline ends by it even if it finished first") {
  SKIP_UNLESS_POSSIBLE("a run over its CPU deadline ends by it even if it finished first");
  World world;
  // No look at a run this short comes in time, nor does the kernel's clock of a thread that is on its core.
  const auto body = [](int socket) {
    const Nanos began = own_cpu_time();
    while (own_cpu_time() - began < Nanos(300'000)) continue;
    inside::report_returned(socket, 7, (own_cpu_time() - began).count());
    inside::block();
  };
  for (int i = 0; i < 20; ++i) {
    const Outcome late = world.end_of(body, {.cpu = Micros(300)});
    CHECK(late.verdict == Verdict::deadline);
    CHECK(late.reason == "cpu");
    CHECK(late.cpu_time >= Micros(300));
    CHECK(late.fuel == Fuel(7));
    CHECK(late.fuel_exact);
  }
  const Outcome in_time = world.end_of(body, {.cpu = Micros(5'000'000)});
  CHECK(in_time.verdict == Verdict::ok);
  CHECK(in_time.cpu_time >= Micros(300));
  CHECK(world.end_of(body, {.fuel = Fuel(6), .cpu = Micros(0)}).verdict == Verdict::out_of_fuel);
}

TEST_CASE("a run whose wall deadline is over at its report ends by it, and a figure in the report agrees") {
  SKIP_UNLESS_POSSIBLE("a run whose wall deadline is over at its report ends by it, and a figure in the report agrees");
  World world;
  const auto body = [](int socket) {
    inside::report_returned(socket, 7);
    inside::block();
  };
  for (const std::uint64_t wall : {0, 20, 40, 60, 80, 100, 150, 200}) {
    const Outcome outcome = world.end_of(body, {.wall = Micros(wall)});
    CHECK((outcome.verdict == Verdict::ok) == (outcome.run_time < Micros(wall)));
    CHECK((outcome.verdict == Verdict::ok || outcome.reason == "wall"));
  }
  CHECK(world.end_of(body, {.wall = Micros(0)}).verdict == Verdict::deadline);
}

TEST_CASE("a worker cannot tell of more CPU time than has passed") {
  SKIP_UNLESS_POSSIBLE("a worker cannot tell of more CPU time than has passed");
  World world;
  const auto liar = [](int socket) {
    inside::report_returned(socket, 7, ~std::uint64_t{0});
    inside::block();
  };
  const Outcome outcome = world.end_of(liar, {.cpu = Micros(3'600'000'000)});
  CHECK(outcome.verdict == Verdict::ok);
  CHECK(outcome.cpu_time < Micros(60'000'000));
}

TEST_CASE("a run that blocks in the kernel ends at its wall deadline though it reaches no safepoint") {
  SKIP_UNLESS_POSSIBLE("a run that blocks in the kernel ends at its wall deadline though it reaches no safepoint");
  World world;
  const auto body = [](int) { inside::block(); };
  const Outcome outcome = world.end_of(body, {.fuel = Fuel(1'000'000), .slack = Micros(5'000), .wall = Micros(50'000)});
  CHECK(outcome.verdict == Verdict::deadline);
  CHECK(outcome.run_time >= Micros(50'000));
  CHECK(outcome.arms == 1);
}

TEST_CASE("a blocked run is not waited for, however long its slack") {
  SKIP_UNLESS_POSSIBLE("a blocked run is not waited for, however long its slack");
  World world;
  const auto body = [](int) { inside::block(); };
  const Outcome outcome =
      world.end_of(body, {.fuel = Fuel(1'000'000), .slack = Micros(1'000'000), .wall = Micros(50'000)});
  CHECK(outcome.verdict == Verdict::deadline);
  CHECK(outcome.run_time < Micros(500'000));
}

TEST_CASE("a second reason to end shortens the wait for a safepoint") {
  SKIP_UNLESS_POSSIBLE("a second reason to end shortens the wait for a safepoint");
  World world;
  const auto body = [](int) {
    inside::publish(1);
    for (;;) asm volatile("");
  };
  REQUIRE(world.monitor->run(fork_worker(1, body, {.slack = Micros(10'000'000)})));
  while (world.monitor->published_fuel(1).value_or(Fuel(0)) == Fuel(0)) ::usleep(100);
  const Nanos asked = monotonic_now();
  world.monitor->stop(1, Verdict::killed, "client");
  world.monitor->stop(1, Verdict::killed, "client, impatient");
  REQUIRE(world.settle({1}));
  CHECK(world.outcomes.at(1).reason == "client");
  CHECK(monotonic_now() - asked < Nanos(5'000'000'000));
}

TEST_CASE("an armed run is not waited for past its wall deadline, however long its slack") {
  SKIP_UNLESS_POSSIBLE("an armed run is not waited for past its wall deadline, however long its slack");
  World world;
  const auto body = [](int) {
    inside::publish(5000);
    for (;;) asm volatile("");
  };
  const RunLimits over{.fuel = Fuel(1000), .slack = Micros(10'000'000), .wall = Micros(100'000)};
  const Outcome outcome = world.end_of(body, over);
  CHECK(outcome.verdict == Verdict::out_of_fuel);
  CHECK(outcome.fuel == Fuel(5000));
  CHECK(outcome.run_time < Micros(5'000'000));
  const RunLimits within{.slack = Micros(10'000'000), .wall = Micros(100'000)};
  const Outcome late = world.end_of(body, within);
  CHECK(late.verdict == Verdict::deadline);
  CHECK(late.run_time < Micros(5'000'000));
}

TEST_CASE("a run that went over its limit and blocks is out_of_fuel by what it published") {
  SKIP_UNLESS_POSSIBLE("a run that went over its limit and blocks is out_of_fuel by what it published");
  World world;
  const auto body = [](int) {
    inside::publish(5000);
    inside::block();
  };
  const Outcome outcome = world.end_of(body, {.fuel = Fuel(4999)});
  CHECK(outcome.verdict == Verdict::out_of_fuel);
  CHECK(outcome.fuel == Fuel(5000));
  CHECK_FALSE(outcome.fuel_exact);
  CHECK_FALSE(outcome.stop_latency);
}

TEST_CASE("a taken-over worker that spins without safepoints is killed when its slack is used up") {
  SKIP_UNLESS_POSSIBLE("a taken-over worker that spins without safepoints is killed when its slack is used up");
  World world;
  const auto body = [](int) {
    inside::publish(5000);
    for (;;) asm volatile("");
  };
  CHECK(world.end_of(body, {.fuel = Fuel(4999)}).verdict == Verdict::out_of_fuel);
  const Outcome outcome = world.end_of(body, {.fuel = Fuel(1'000'000), .wall = Micros(30'000)});
  CHECK(outcome.verdict == Verdict::deadline);
  CHECK(outcome.run_time >= Micros(30'000));
}

TEST_CASE("a stopped run is killed, with its reason and its fuel") {
  SKIP_UNLESS_POSSIBLE("a stopped run is killed, with its reason and its fuel");
  World world;
  REQUIRE(world.monitor->run(fork_worker(1, endless)));
  while (world.monitor->published_fuel(1).value_or(Fuel(0)) == Fuel(0)) ::usleep(100);
  world.monitor->stop(1, Verdict::killed, "client");
  world.monitor->stop(1, Verdict::limit, "too late");
  world.monitor->stop(999, Verdict::killed, "nobody");
  REQUIRE(world.settle({1}));
  CHECK(world.outcomes.at(1).verdict == Verdict::killed);
  CHECK(world.outcomes.at(1).reason == "client");
  CHECK(world.outcomes.at(1).fuel > Fuel(0));
  CHECK_FALSE(world.monitor->published_fuel(1));
}

TEST_CASE("a worker that dies on its own has crashed, and the reason names its death") {
  SKIP_UNLESS_POSSIBLE("a worker that dies on its own has crashed, and the reason names its death");
  World world;
  const auto dies_of = [&](int signal) {
    return world.end_of([signal](int) {
      ::signal(signal, SIG_DFL);
      ::kill(::getpid(), signal);
    });
  };
  CHECK(dies_of(SIGABRT).verdict == Verdict::crashed);
  CHECK(dies_of(SIGABRT).reason == "the worker died of SIGABRT");
  CHECK(dies_of(SIGSYS).reason.find("seccomp") != std::string::npos);
  CHECK(dies_of(SIGKILL).verdict == Verdict::crashed);
  const Outcome exited = world.end_of([](int) { ::_exit(3); });
  CHECK(exited.verdict == Verdict::crashed);
  CHECK(exited.reason == "the worker exited with status 3 and no report");
  CHECK(exited.peak_memory > Bytes(0));
}

TEST_CASE("a message that is no report ends the run, and a flood of them is not read") {
  SKIP_UNLESS_POSSIBLE("a message that is no report ends the run, and a flood of them is not read");
  World world;
  const auto flood = [](int socket) {
    for (;;) inside::send(socket, "flood", 5);
  };
  const Outcome outcome = world.end_of(flood);
  CHECK(outcome.verdict == Verdict::crashed);
  CHECK(outcome.reason == "the worker sent 5 bytes that are no report");
  const auto twice = [](int socket) {
    inside::report_returned(socket, 1);
    for (;;) inside::report_returned(socket, 1u << 30);
  };
  CHECK(world.end_of(twice, {.fuel = Fuel(100)}).verdict == Verdict::ok);
}

TEST_CASE("a worker that closes its socket and lives on has crashed") {
  SKIP_UNLESS_POSSIBLE("a worker that closes its socket and lives on has crashed");
  World world;
  const auto body = [](int socket) {
    ::close(socket);
    inside::count(0, test::kForever);
  };
  const Outcome outcome = world.end_of(body);
  CHECK(outcome.verdict == Verdict::crashed);
  CHECK(outcome.reason == "the worker closed its socket without a report");
}

TEST_CASE("metering that counts nothing has deadlines only, and no fuel") {
  SKIP_UNLESS_POSSIBLE("metering that counts nothing has deadlines only, and no fuel");
  World world;
  const Outcome outcome =
      world.end_of(endless, {.fuel = Fuel(1), .wall = Micros(20'000), .counts = false, .halt = Halt::kill});
  CHECK(outcome.verdict == Verdict::deadline);
  CHECK_FALSE(outcome.fuel);
  CHECK(outcome.arms == 0);
  const auto body = [](int socket) { inside::report_returned(socket, 1u << 30); };
  CHECK(world.end_of(body, {.fuel = Fuel(1), .counts = false, .halt = Halt::kill}).verdict == Verdict::ok);
}

TEST_CASE("nothing is waited for where nothing parks: a deadline and a stop kill at once") {
  SKIP_UNLESS_POSSIBLE("nothing is waited for where nothing parks: a deadline and a stop kill at once");
  World world;
  // A patience of seconds, which a run that is waited for would take.
  const auto burn = [](int) {
    for (;;) asm volatile("");
  };
  const RunLimits limits{.slack = Micros(5'000'000), .wall = Micros(50'000), .halt = Halt::kill};
  const Outcome late = world.end_of(burn, limits);
  CHECK(late.verdict == Verdict::deadline);
  CHECK(late.reason == "wall");
  CHECK(late.arms == 0);

  REQUIRE(world.monitor->run(fork_worker(77, burn, {.slack = Micros(5'000'000), .halt = Halt::kill})));
  world.monitor->stop(77, Verdict::killed, "client");
  REQUIRE(world.settle({77}));
  CHECK(world.outcomes.at(77).verdict == Verdict::killed);
  CHECK(world.outcomes.at(77).arms == 0);
  CHECK(world.outcomes.at(77).cpu_time < Micros(1'000'000));
}

namespace {

volatile sig_atomic_t interrupted = 0;
void note_interrupt(int) { interrupted = 1; }

// As code that checks an epoch, with its worker's handler and report.
void checks_an_epoch(int socket) {
  ::signal(wire::kInterruptSignal, note_interrupt);
  while (interrupted == 0) continue;
  wire::WorkerReport report{};
  report.end = wire::End::trapped;
  report.trap = static_cast<std::uint32_t>(Trap::interrupt);
  inside::send(socket, &report, sizeof report);
  inside::block();
}

constexpr RunLimits kChecksAnEpoch{
    .slack = Micros(10'000'000), .wall = Micros(50'000), .counts = false, .halt = Halt::interrupt};

}  // namespace

TEST_CASE("a run that checks an epoch ends by its own report, at a deadline and at a stop") {
  SKIP_UNLESS_POSSIBLE("a run that checks an epoch ends by its own report, at a deadline and at a stop");
  World world;
  const Outcome late = world.end_of(checks_an_epoch, kChecksAnEpoch);
  CHECK(late.verdict == Verdict::deadline);
  CHECK(late.reason == "wall");
  REQUIRE(late.report);
  CHECK(late.report->trap == static_cast<std::uint32_t>(Trap::interrupt));
  CHECK(late.arms == 0);

  RunLimits long_lived = kChecksAnEpoch;
  long_lived.wall = Micros(60'000'000);
  REQUIRE(world.monitor->run(fork_worker(77, checks_an_epoch, long_lived)));
  ::usleep(20'000);  // it has its handler by then
  world.monitor->stop(77, Verdict::killed, "client");
  REQUIRE(world.settle({77}));
  CHECK(world.outcomes.at(77).verdict == Verdict::killed);
  CHECK(world.outcomes.at(77).report);
}

TEST_CASE("a run that takes no notice of its interrupt is killed soon after") {
  SKIP_UNLESS_POSSIBLE("a run that takes no notice of its interrupt is killed soon after");
  World world;
  const auto deaf = [](int) {
    ::signal(wire::kInterruptSignal, SIG_IGN);
    for (;;) asm volatile("");
  };
  const Outcome outcome = world.end_of(deaf, kChecksAnEpoch);
  CHECK(outcome.verdict == Verdict::deadline);
  CHECK_FALSE(outcome.report);
  CHECK(outcome.run_time < Micros(2'000'000));  // not its slack of ten seconds
}

TEST_CASE("a run id that is in use is a fault and costs the worker its life") {
  SKIP_UNLESS_POSSIBLE("a run id that is in use is a fault and costs the worker its life");
  World world;
  REQUIRE(world.monitor->run(fork_worker(1, endless)));
  Assignment second = fork_worker(1, endless);
  const pid_t pid = second.pid;
  const auto refused = world.monitor->run(std::move(second));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == EEXIST);
  CHECK(::kill(pid, 0) == -1);
  world.monitor->stop(1, Verdict::killed, "client");
  CHECK(world.settle({1}));
}

TEST_CASE("a safepoint page that its worker could shrink under us is a fault") {
  SKIP_UNLESS_POSSIBLE("a safepoint page that its worker could shrink under us is a fault");
  World world;
  Assignment assignment = fork_worker(1, endless);
  assignment.safepoint_page = std::move(*make_memfd("short"));
  const auto refused = world.monitor->run(std::move(assignment));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().what.find("one page") != std::string::npos);
}

TEST_CASE("a monitor that goes takes its runs along") {
  SKIP_UNLESS_POSSIBLE("a monitor that goes takes its runs along");
  std::vector<pid_t> pids;
  {
    World world;
    for (RunId id = 1; id <= 3; ++id) {
      Assignment assignment = fork_worker(id, endless);
      pids.push_back(assignment.pid);
      REQUIRE(world.monitor->run(std::move(assignment)));
    }
  }
  for (const pid_t pid : pids) CHECK(::kill(pid, 0) == -1);
}

TEST_CASE("a hundred runs in a row leave no descriptor and no open file behind") {
  SKIP_UNLESS_POSSIBLE("a hundred runs in a row leave no descriptor and no open file behind");
  World world;
  (void)world.end_of(endless, {.fuel = Fuel(10'000)});
  const std::size_t before = open_descriptors();
  for (int round = 0; round < 100; ++round) {
    const RunId id = ++world.last;
    Assignment assignment = fork_worker(id, endless, {.fuel = Fuel(10'000)});
    // A poll that was left in the ring would keep its file open, which no list of descriptors shows. So the monitor
    // gets a socket whose peer is kept here: it is hung up only when nothing holds the monitor's end any more.
    auto pair = make_socket_pair();
    REQUIRE(pair);
    Fd workers_socket = std::exchange(assignment.socket, std::move(pair->ours));
    REQUIRE(world.monitor->run(std::move(assignment)));
    const wire::Go go{wire::kGoMagic};
    REQUIRE(::write(workers_socket.get(), &go, sizeof go) == sizeof go);
    REQUIRE(world.settle({id}));
    pollfd peer{pair->theirs.get(), POLLIN, 0};
    REQUIRE(::poll(&peer, 1, kPatienceMs) == 1);
    char buffer[16];
    while (::read(pair->theirs.get(), buffer, sizeof buffer) > 0) {
    }
    peer.events = 0;
    REQUIRE(::poll(&peer, 1, kPatienceMs) == 1);
    CHECK((peer.revents & POLLHUP) != 0);
    CHECK(world.outcomes.at(id).verdict == Verdict::out_of_fuel);
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("sixteen runs at once each end in their own verdict") {
  SKIP_UNLESS_POSSIBLE("sixteen runs at once each end in their own verdict");
  World world;
  std::vector<RunId> ids;
  for (RunId id = 1; id <= 16; ++id) {
    ids.push_back(id);
    test::Body body = endless;
    RunLimits limits{.fuel = Fuel(2'000'000 * id)};
    if (id % 4 == 1) {
      body = [](int) { inside::block(); };
      limits = {.wall = Micros(20'000 * id)};
    } else if (id % 4 == 2) {
      body = [id](int socket) { inside::report_returned(socket, inside::count(0, id * 1000)); };
    }
    REQUIRE(world.monitor->run(fork_worker(id, body, limits)));
  }
  REQUIRE(world.settle(ids));
  for (const RunId id : ids) {
    const Outcome& outcome = world.outcomes.at(id);
    CAPTURE(id, outcome.reason);
    if (id % 4 == 1) {
      CHECK(outcome.verdict == Verdict::deadline);
    } else if (id % 4 == 2) {
      CHECK(outcome.verdict == Verdict::ok);
      CHECK(outcome.fuel == Fuel(id * 1000));
    } else {
      CHECK(outcome.verdict == Verdict::out_of_fuel);
      CHECK(outcome.fuel_exact == world.monitor->status().bpf);
    }
  }
}

TEST_CASE("a run without a fuel limit is not looked at, and nobody wakes the monitor") {
  SKIP_UNLESS_POSSIBLE("a run without a fuel limit is not looked at, and nobody wakes the monitor");
  World world;
  REQUIRE(world.monitor->run(fork_worker(1, endless)));
  while (world.monitor->published_fuel(1).value_or(Fuel(0)) == Fuel(0)) ::usleep(100);
  const auto before = monitor_switches();
  REQUIRE(before);
  const auto since = monotonic_now();
  while (monotonic_now() - since < Nanos(200'000'000)) ::usleep(10'000);
  CHECK(monitor_switches() == before);
  world.monitor->stop(1, Verdict::killed, "client");
  REQUIRE(world.settle({1}));
  CHECK(world.outcomes.at(1).looks == 0);
}

// A run's way through its states, with scripted children: every way it can go ends in one verdict and leaves no
// process.
#include "daemon/run/run.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstring>

#include "daemon/run/limits.hpp"
#include "daemon/run/run_table.hpp"
#include "daemon/wire/compiler_protocol.hpp"
#include "tests/unit/run/run_world.hpp"

namespace slack::run {
namespace {

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
    const auto asked = receive_request(socket);
    if (!asked) return;
    (void)!::write(asked->image.get(), "image", 1 + asked->request.slot);
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
    const auto asked = receive_request(socket);
    if (!asked) return;
    (void)!::write(asked->image.get(), "image", 5);
    reply(socket, asked->request.slot == 0 ? wire::CompileStatus::compiled : wire::CompileStatus::refused, "no good",
          8);
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
}

TEST_CASE("a compiler that ends at one of its limits refuses the module and names the limit") {
  World world;
  world.host.compiler = [](int) {
    ::signal(SIGXFSZ, SIG_DFL);
    ::raise(SIGXFSZ);
  };
  const auto& too_long = world.finish(world.add());
  CHECK(too_long.verdict == Verdict::refused);
  CHECK(too_long.reason == "its code and data take more than 402653184 bytes (limit image-bytes)");
  world.host.compiler = [](int) { ::_exit(wire::kCompilerOutOfMemory); };
  const auto& too_much = world.finish(world.add());
  CHECK(too_much.verdict == Verdict::refused);
  CHECK(
      too_much.reason ==
      "compiling it takes more than 3221225472 bytes of memory (limit compile-memory); make its functions smaller, or "
      "link it from several modules (--link)");
}

TEST_CASE("a compiler is told which export is called, and of linked modules none") {
  World world;
  auto request = world.request();
  request.options.invoke = "main loop";
  request.links.push_back({"first", Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC))});
  world.host.compiler = [](int socket) {
    const auto asked = receive_request(socket);
    if (!asked) return;
    (void)!::write(asked->image.get(), "image", 5);
    const bool is_right = asked->request.slot == 0 ? asked->entry == "main loop" : asked->entry.empty();
    const bool is_last = asked->request.slot == 1;
    reply(socket, is_right && !is_last ? wire::CompileStatus::compiled : wire::CompileStatus::refused,
          is_right ? "as expected" : asked->entry.c_str());
    wait_for_end(socket);
  };
  CHECK(world.finish(world.add(std::move(request))).reason == "linked module first: as expected");
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
  CHECK(result.reason ==
        "compiling it takes more than 900 s (limit compile-wall): the machine is too busy, or see compile-cpu");
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
    (void)receive_datagram(socket, wire::kCompileRequestBytes);
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

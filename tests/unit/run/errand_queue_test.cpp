// Errands one after the other, and a bound on those that wait.
#include "daemon/run/errand_queue.hpp"

#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "tests/unit/run/manual_reactor.hpp"

namespace slack::run {
namespace {

TEST_CASE("errands are done one at a time, in their order, and what they held goes with each") {
  ManualReactor reactor;
  ErrandQueue queue(reactor, {.waiting = 8});
  int idle = 0;
  queue.on_idle([&] { ++idle; });
  std::atomic<int> at_once = 0;
  std::atomic<int> most = 0;
  std::vector<int> done;
  const auto held = std::make_shared<const int>(0);
  for (int i = 0; i < 5; ++i)
    REQUIRE(queue.send(
        0,
        [&](Errand::Road&) {
          const int now = ++at_once;
          most = std::max(most.load(), now);
          --at_once;
          return std::string(now == 1 ? "" : "not alone");
        },
        [&, i](const std::string& problem) {
          CHECK(problem.empty());
          done.push_back(i);
        },
        held));
  CHECK_FALSE(queue.idle());
  REQUIRE(reactor.run_until([&] { return idle == 1; }));
  CHECK(done == std::vector<int>{0, 1, 2, 3, 4});
  CHECK(most == 1);
  CHECK(held.use_count() == 1);
  CHECK(queue.idle());
  CHECK(reactor.sources() == 0);
}

TEST_CASE("beyond so many waiting errands none is taken, until there is room again") {
  ManualReactor reactor;
  ErrandQueue queue(reactor, {.waiting = 2});
  std::atomic<bool> go = false;
  int done = 0;
  const auto send = [&] {
    return queue.send(
        0,
        [&](Errand::Road&) {
          while (!go) std::this_thread::yield();
          return std::string();
        },
        [&](const std::string&) { ++done; });
  };
  CHECK(send());  // at work
  CHECK(send());
  CHECK(send());
  const auto refused = send();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == EAGAIN);
  go = true;
  REQUIRE(reactor.run_until([&] { return queue.idle(); }));
  CHECK(done == 3);
  CHECK(send());
  REQUIRE(reactor.run_until([&] { return queue.idle(); }));
  CHECK(done == 4);
}

TEST_CASE("an errand may be sent from the end of another") {
  ManualReactor reactor;
  ErrandQueue queue(reactor, {.waiting = 1});
  int idle = 0;
  bool second = false;
  queue.on_idle([&] { ++idle; });
  const auto nothing = [](Errand::Road&) { return std::string("no"); };
  REQUIRE(queue.send(0, nothing, [&](const std::string& problem) {
    CHECK(problem == "no");
    REQUIRE(queue.send(0, nothing, [&](const std::string&) { second = true; }));
  }));
  REQUIRE(reactor.run_until([&] { return queue.idle(); }));
  CHECK(second);
  CHECK(idle == 1);
}

// Work as a dead network disk does it: no signal ends it, only `go`.
struct Hanging {
  std::atomic<bool> go = false;
  std::atomic<int> begun = 0;
  Errand::Work work() {
    return [this](Errand::Road&) {
      ++begun;
      while (!go) ::usleep(1'000);
      return std::string();
    };
  }
};

TEST_CASE("an errand that hangs is given up on, and the next one has its turn, until too many hang") {
  ManualReactor reactor;
  constexpr Micros kWall{60'000'000};
  ErrandQueue queue(reactor, {.waiting = 8, .wall = kWall, .hung = 2});
  Hanging hanging;
  std::vector<std::string> problems;
  const auto note = [&](const std::string& problem) { problems.push_back(problem); };
  const auto held = std::make_shared<const int>(0);
  for (int i = 0; i < 4; ++i) REQUIRE(queue.send(0, hanging.work(), note, held));
  for (int hung = 1; hung <= 2; ++hung) {
    while (hanging.begun != hung) ::usleep(1'000);
    reactor.advance(kWall);
    const auto expected = hung == 1 ? std::size_t{1} : std::size_t{4};
    REQUIRE(reactor.run_until([&] {
      reactor.advance(Micros(20'000));  // the interrupts that reach nobody
      return problems.size() == expected;
    }));
  }
  // What waited behind the second one was not begun any more.
  CHECK(hanging.begun == 2);
  CHECK(problems == std::vector<std::string>{"it took more than 60 s, and still blocked", "2 before it hang",
                                             "2 before it hang", "it took more than 60 s, and still blocked"});
  CHECK(queue.idle());
  // The threads still hold what they were given, and nothing is taken while they do.
  CHECK(held.use_count() == 3);
  const auto refused = queue.send(0, hanging.work(), note);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ETIMEDOUT);

  hanging.go = true;
  while (held.use_count() != 1) ::usleep(1'000);
  REQUIRE(queue.send(0, hanging.work(), note));
  REQUIRE(reactor.run_until([&] { return queue.idle(); }));
  CHECK(problems.back().empty());
}

TEST_CASE("an errand whose turn comes too late is dropped and says so") {
  ManualReactor reactor;
  ErrandQueue queue(reactor, {.waiting = 8, .queued = Micros(5'000'000)});
  Hanging first;
  Hanging late;
  std::string problem;
  REQUIRE(queue.send(0, first.work(), [](const std::string&) {}));
  REQUIRE(queue.send(0, late.work(), [&](const std::string& why) { problem = why; }));
  reactor.advance(Micros(5'000'001));
  first.go = true;
  REQUIRE(reactor.run_until([&] { return queue.idle(); }));
  CHECK(problem == "it waited for more than 5 s");
  CHECK(late.begun == 0);
}

TEST_CASE("what waits for a user can be dropped") {
  ManualReactor reactor;
  ErrandQueue queue(reactor, {.waiting = 8});
  Hanging hanging;
  std::vector<int> done;
  const auto held = std::make_shared<const int>(0);
  for (int i = 0; i < 4; ++i)
    REQUIRE(
        queue.send(static_cast<uid_t>(i % 2), hanging.work(), [&, i](const std::string&) { done.push_back(i); }, held));
  queue.drop(uid_t{1});
  CHECK(held.use_count() == 3);
  hanging.go = true;
  REQUIRE(reactor.run_until([&] { return queue.idle(); }));
  CHECK(done == std::vector<int>{0, 2});
}

}  // namespace
}  // namespace slack::run

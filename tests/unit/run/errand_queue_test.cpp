// Errands one after the other, and a bound on those that wait.
#include "daemon/run/errand_queue.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "tests/unit/run/manual_reactor.hpp"

namespace slack::run {
namespace {

TEST_CASE("errands are done one at a time, in their order, and what they held goes with each") {
  ManualReactor reactor;
  ErrandQueue queue(reactor, 8);
  int idle = 0;
  queue.on_idle([&] { ++idle; });
  std::atomic<int> at_once = 0;
  std::atomic<int> most = 0;
  std::vector<int> done;
  const auto held = std::make_shared<const int>(0);
  for (int i = 0; i < 5; ++i)
    REQUIRE(queue.send(
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
  ErrandQueue queue(reactor, 2);
  std::atomic<bool> go = false;
  int done = 0;
  const auto send = [&] {
    return queue.send(
        [&](Errand::Road&) {
          while (!go) std::this_thread::yield();
          return std::string();
        },
        [&](const std::string&) { ++done; });
  };
  CHECK(send());  // at work
  CHECK(send());
  CHECK(send());
  CHECK_FALSE(send());
  go = true;
  REQUIRE(reactor.run_until([&] { return queue.idle(); }));
  CHECK(done == 3);
  CHECK(send());
  REQUIRE(reactor.run_until([&] { return queue.idle(); }));
  CHECK(done == 4);
}

TEST_CASE("an errand may be sent from the end of another") {
  ManualReactor reactor;
  ErrandQueue queue(reactor, 1);
  int idle = 0;
  bool second = false;
  queue.on_idle([&] { ++idle; });
  const auto nothing = [](Errand::Road&) { return std::string("no"); };
  REQUIRE(queue.send(nothing, [&](const std::string& problem) {
    CHECK(problem == "no");
    REQUIRE(queue.send(nothing, [&](const std::string&) { second = true; }));
  }));
  REQUIRE(reactor.run_until([&] { return queue.idle(); }));
  CHECK(second);
  CHECK(idle == 1);
}

}  // namespace
}  // namespace slack::run

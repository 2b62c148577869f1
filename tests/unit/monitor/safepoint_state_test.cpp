// The safepoint state machine: single stories, and properties over random orders of events.
#include "daemon/monitor/safepoint_state.hpp"

#include <catch2/catch.hpp>
#include <cerrno>
#include <random>

using namespace slack;
using namespace slack::monitor;

namespace {

const Cause kStopped{Verdict::killed, "client"};
const Cause kFinished{Verdict::ok, {}};
const Cause kDied{Verdict::crashed, "SIGSEGV"};

}  // namespace

TEST_CASE("fuel over the limit arms, parks, is read exactly and condemned") {
  SafepointState state(Fuel(100), Halt::park);
  CHECK(state.published(Fuel(100)).empty());
  CHECK(state.published(Fuel(101)) == Actions(Action::arm));
  CHECK(state.arm_result(0).empty());
  CHECK(state.fault_event(true) == Actions(Action::read_registers));
  CHECK(state.registers(Fuel(109), true, Fuel(0)) == (Action::kill | Action::conclude));
  CHECK(state.conclusion()->verdict == Verdict::out_of_fuel);
  CHECK(state.conclusion()->fuel == Fuel(109));
  CHECK(state.conclusion()->fuel_exact);
  CHECK(state.conclusion()->parked);
  CHECK(state.exited(kDied, Fuel(101)).empty());
  CHECK(state.phase() == Phase::ended);
  CHECK(state.conclusion()->verdict == Verdict::out_of_fuel);
}

TEST_CASE("a run over its limit ends out_of_fuel even if it finished first") {
  SafepointState state(Fuel(100), Halt::park);
  CHECK(state.report(kFinished, Fuel(101), true, Fuel(90)) == (Action::kill | Action::conclude));
  CHECK(state.conclusion()->verdict == Verdict::out_of_fuel);
  CHECK(state.conclusion()->fuel == Fuel(101));
  CHECK(state.conclusion()->fuel_exact);
}

TEST_CASE("a worker that reports less than it published is not believed") {
  SafepointState state(Fuel(100), Halt::park);
  (void)state.report(kFinished, Fuel(5), true, Fuel(101));
  CHECK(state.conclusion()->verdict == Verdict::out_of_fuel);
  CHECK(state.conclusion()->fuel == Fuel(101));
  CHECK_FALSE(state.conclusion()->fuel_exact);
}

TEST_CASE("exactly the limit is within it") {
  SafepointState state(Fuel(100), Halt::park);
  (void)state.report(kFinished, Fuel(100), true, Fuel(100));
  CHECK(state.conclusion()->verdict == Verdict::ok);
  CHECK(state.conclusion()->fuel_exact);
}

TEST_CASE("a crash over the limit is out_of_fuel and keeps its evidence") {
  SafepointState state(Fuel(100), Halt::park);
  CHECK(state.exited(kDied, Fuel(101)) == Actions(Action::conclude));
  CHECK(state.conclusion()->verdict == Verdict::out_of_fuel);
  CHECK(state.conclusion()->reason == "SIGSEGV");
  CHECK(state.phase() == Phase::ended);
}

TEST_CASE("the first cause wins: a deadline before a stop before a report") {
  SafepointState state(Fuel(100), Halt::park);
  CHECK(state.ask(Cause{Verdict::deadline, "wall"}) == Actions(Action::arm));
  CHECK(state.ask(kStopped).empty());
  (void)state.report(kFinished, Fuel(50), true, Fuel(40));
  CHECK(state.conclusion()->verdict == Verdict::deadline);
  CHECK(state.conclusion()->reason == "wall");
  CHECK(state.conclusion()->fuel == Fuel(50));
}

TEST_CASE("a deadline whose park shows fuel over the limit is out_of_fuel") {
  SafepointState state(Fuel(100), Halt::park);
  (void)state.ask(Cause{Verdict::deadline, "cpu"});
  (void)state.fault_event(true);
  (void)state.registers(Fuel(101), true, Fuel(0));
  CHECK(state.conclusion()->verdict == Verdict::out_of_fuel);
  CHECK(state.conclusion()->reason.empty());
}

TEST_CASE("missing registers are asked for again, and then the published fuel has to do") {
  SafepointState state(Fuel(100), Halt::park);
  (void)state.published(Fuel(150));
  for (int i = 0; i < SafepointState::kRegisterRetries; ++i) {
    CHECK(state.fault_event(true) == Actions(Action::read_registers));
    CHECK(state.registers(std::nullopt, true, Fuel(150)) == (Action::disarm | Action::arm));
    CHECK(state.arm_result(0).empty());
  }
  (void)state.fault_event(true);
  CHECK(state.registers(std::nullopt, true, Fuel(150)) == (Action::kill | Action::conclude));
  CHECK(state.conclusion()->verdict == Verdict::out_of_fuel);
  CHECK(state.conclusion()->fuel == Fuel(150));
  CHECK_FALSE(state.conclusion()->fuel_exact);
}

TEST_CASE("where registers can never be had nobody asks twice") {
  SafepointState state(Fuel(100), Halt::park);
  (void)state.published(Fuel(150));
  (void)state.fault_event(true);
  CHECK(state.registers(std::nullopt, false, Fuel(151)) == (Action::kill | Action::conclude));
  CHECK(state.conclusion()->fuel == Fuel(151));
}

TEST_CASE("registers below the published fuel are not believed") {
  SafepointState state(Fuel(100), Halt::park);
  (void)state.published(Fuel(150));
  (void)state.fault_event(true);
  (void)state.registers(Fuel(3), true, Fuel(0));
  CHECK(state.conclusion()->fuel == Fuel(150));
  CHECK_FALSE(state.conclusion()->fuel_exact);
}

TEST_CASE("events twice, vanished ones and ESRCH change nothing") {
  SafepointState state(Fuel(100), Halt::park);
  CHECK(state.fault_event(false).empty());
  (void)state.published(Fuel(150));
  CHECK(state.arm_result(ESRCH).empty());
  CHECK(state.fault_event(false).empty());
  CHECK(state.phase() == Phase::armed);
  CHECK(state.fault_event(true) == Actions(Action::read_registers));
  CHECK(state.fault_event(true).empty());
  (void)state.registers(Fuel(151), true, Fuel(0));
  CHECK(state.fault_event(true).empty());
  CHECK(state.registers(Fuel(9), true, Fuel(0)).empty());
  CHECK(state.conclusion()->fuel == Fuel(151));
}

TEST_CASE("a stale event of a run that is not armed wakes its thread") {
  SafepointState state(Fuel(100), Halt::park);
  CHECK(state.fault_event(true) == Actions(Action::disarm));
  CHECK(state.phase() == Phase::running);
}

TEST_CASE("a page that cannot be protected condemns the run") {
  SafepointState state(Fuel(100), Halt::park);
  (void)state.ask(kStopped);
  CHECK(state.arm_result(ENOENT) == (Action::kill | Action::conclude));
  CHECK(state.conclusion()->verdict == Verdict::killed);
}

TEST_CASE("an armed run without a safepoint in time is killed, by what it published") {
  SafepointState within(Fuel(100), Halt::park);
  (void)within.ask(Cause{Verdict::deadline, "wall"});
  CHECK(within.park_overdue(Fuel(100)) == (Action::kill | Action::conclude));
  CHECK(within.conclusion()->verdict == Verdict::deadline);
  SafepointState over(Fuel(100), Halt::park);
  (void)over.ask(Cause{Verdict::deadline, "wall"});
  (void)over.park_overdue(Fuel(101));
  CHECK(over.conclusion()->verdict == Verdict::out_of_fuel);
  CHECK_FALSE(over.conclusion()->parked);
}

TEST_CASE("a run without safepoints is condemned where it stands") {
  SafepointState state(kUnlimitedFuel, Halt::kill);
  CHECK(state.ask(kStopped) == (Action::kill | Action::conclude));
  CHECK(state.conclusion()->verdict == Verdict::killed);
}

TEST_CASE("a run that checks an epoch is interrupted, and its report ends it for the reason that it was asked for") {
  SafepointState state(kUnlimitedFuel, Halt::interrupt);
  CHECK(state.ask(Cause{Verdict::deadline, "wall"}) == Actions(Action::interrupt));
  CHECK(state.phase() == Phase::armed);
  CHECK(state.report(Cause{Verdict::trap, "interrupted"}, std::nullopt, false, Fuel(0)) ==
        (Action::kill | Action::conclude));
  CHECK(state.conclusion()->verdict == Verdict::deadline);
  CHECK(state.conclusion()->reason == "wall");
}

TEST_CASE("an interrupted run that does not report is killed for the same reason") {
  SafepointState state(kUnlimitedFuel, Halt::interrupt);
  (void)state.ask(kStopped);
  CHECK(state.park_overdue(Fuel(0)) == (Action::kill | Action::conclude));
  CHECK(state.conclusion()->verdict == Verdict::killed);
}

TEST_CASE("a figure on the page of a run that publishes at its end waits for the exact one of its report") {
  SafepointState state(Fuel(100), Halt::kill);
  CHECK(state.published(Fuel(150)).empty());
  CHECK(state.report(kFinished, Fuel(150), true, Fuel(150)) == (Action::kill | Action::conclude));
  CHECK(state.conclusion()->verdict == Verdict::out_of_fuel);
  CHECK(state.conclusion()->fuel_exact);
}

// A world around the machine: what the worker has truly consumed, what it has published of it, when time stands where.
TEST_CASE("over random orders of events every run ends in one verdict, the first reached, and fuel decides") {
  std::mt19937_64 random(20240607);
  for (int round = 0; round < 5'000; ++round) {
    const Fuel limit = random() % 8 == 0 ? kUnlimitedFuel : Fuel(random() % 200);
    const std::uint64_t draw = random() % 8;
    SafepointState state(limit, draw == 0 ? Halt::kill : draw == 1 ? Halt::interrupt : Halt::park);
    std::uint64_t clock = 0;
    const std::uint64_t deadline = random() % 60;
    std::uint64_t published = 0;
    std::uint64_t largest = 0;
    int conclusions = 0;
    std::optional<Verdict> first;
    bool protected_page = false;
    const auto settle = [&](Actions actions) {
      if (actions.has(Action::disarm)) protected_page = false;
      if (actions.has(Action::arm)) protected_page = true;
      // Whoever is told to read registers or kill is in the phase for it.
      if (actions.has(Action::read_registers)) CHECK(state.phase() == Phase::parked);
      if (actions.has(Action::kill)) CHECK(state.phase() == Phase::condemned);
      if (actions.has(Action::conclude)) ++conclusions;
      CHECK(actions.has(Action::conclude) == (state.conclusion().has_value() && conclusions == 1 && !first));
      if (actions.has(Action::conclude)) first = state.conclusion()->verdict;
    };
    for (int step = 0; step < 80 && state.phase() != Phase::ended; ++step) {
      clock += random() % 3;
      if (!protected_page) published += random() % 10;
      const bool before = !state.conclusion().has_value();
      std::uint64_t seen = 0;
      switch (random() % 12) {
        case 0:
        case 1:
          seen = published;
          settle(state.published(Fuel(published)));
          break;
        case 2:
          if (clock >= deadline) settle(state.ask(Cause{Verdict::deadline, "wall"}));
          break;
        case 3:
          if (random() % 4 == 0) settle(state.ask(kStopped));
          break;
        case 4:
        case 5:
          settle(state.fault_event(random() % 4 != 0));
          break;
        case 6:
        case 7:
          if (state.phase() == Phase::parked) {
            const bool told = random() % 3 != 0;
            seen = told ? published + random() % 10 : published;
            settle(
                state.registers(told ? std::optional(Fuel(seen)) : std::nullopt, random() % 2 == 0, Fuel(published)));
          }
          break;
        case 8:
          settle(state.arm_result(random() % 3 == 0 ? ENOENT : random() % 2 == 0 ? ESRCH : 0));
          break;
        case 9:
          if (state.phase() == Phase::armed) seen = published;
          settle(state.park_overdue(Fuel(published)));
          break;
        case 10:
          if (random() % 4 == 0) {
            seen = std::max(published, random() % 300);
            settle(state.report(kFinished, Fuel(seen), true, Fuel(published)));
          }
          break;
        default:
          if (random() % 6 == 0) {
            seen = published;
            settle(state.exited(kDied, Fuel(published)));
          }
      }
      if (before) largest = std::max(largest, seen);
      if (first) {
        REQUIRE(state.conclusion()->verdict == *first);
        REQUIRE((Fuel(largest) > limit) == (*first == Verdict::out_of_fuel));
        REQUIRE(state.conclusion()->fuel == Fuel(largest));
      }
    }
    settle(state.exited(kDied, Fuel(0)));
    settle(state.exited(kDied, Fuel(0)));
    REQUIRE(conclusions == 1);
    REQUIRE(state.phase() == Phase::ended);
  }
}

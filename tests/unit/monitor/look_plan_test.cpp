// The look plan against simulated workers: it is in time, and it does not look more than it must.
#include "daemon/monitor/look_plan.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>

using namespace slack;
using slack::monitor::LookPlan;
using slack::monitor::Sample;

namespace {

constexpr std::uint64_t kMicro = 1000;
constexpr std::uint64_t kMilli = 1000 * kMicro;
constexpr std::uint64_t kSecond = 1000 * kMilli;

// A worker on an injected clock, with a kernel that ticks: fuel per nanosecond as a function of its CPU time, and CPU
// share of wall time.
struct Worker {
  std::function<double(std::uint64_t cpu)> rate;
  std::function<bool(std::uint64_t now)> runs = [](std::uint64_t) { return true; };

  std::uint64_t tick = 4 * kMilli;

  std::uint64_t now = 0;
  std::uint64_t cpu = 0;
  std::uint64_t clock = 0;  // its CPU clock as others see it
  double fuel = 0;
  std::uint64_t cpu_at_crossing = 0;

  void advance_to(std::uint64_t when, double limit) {
    constexpr std::uint64_t kStep = 5 * kMicro;
    while (now < when) {
      const std::uint64_t step = std::min(kStep, when - now);
      if (runs(now)) {
        cpu += step;
        fuel += rate(cpu) * static_cast<double>(step);
        if (fuel > limit && cpu_at_crossing == 0) cpu_at_crossing = cpu;
      }
      now += step;
      // Brought up to date by the tick, and when it leaves its core.
      if (now / tick != (now - step) / tick || !runs(now)) clock = cpu;
    }
  }
};

struct Course {
  std::uint64_t looks = 0;
  std::uint64_t late = 0;  // CPU time past the limit when it was seen
  bool found = false;
};

// Follows the plan until a look sees the fuel over the limit, or `until`.
Course follow(Worker worker, LookPlan::Limits limits, std::uint64_t until = 100 * kSecond) {
  constexpr std::uint64_t kWake = 10 * kMicro;  // every wake-up is late by this
  LookPlan plan(limits, Nanos(0));
  Course course;
  Nanos next = plan.next(Sample{Nanos(0), Nanos(0), Fuel(0)});
  while (next.count() < until) {
    worker.advance_to(next.count() + kWake, static_cast<double>(limits.fuel.count()));
    ++course.looks;
    const Sample sample{Nanos(worker.now), Nanos(worker.clock), Fuel(static_cast<std::uint64_t>(worker.fuel))};
    if (sample.fuel > limits.fuel) {
      course.found = true;
      course.late = worker.cpu - worker.cpu_at_crossing;
      return course;
    }
    const Nanos after = plan.next(sample);
    REQUIRE(after.count() >= std::min(sample.now + LookPlan::kLeastGap, limits.wall_deadline).count());
    next = after;
  }
  return course;
}

std::function<double(std::uint64_t)> steady(double rate) {
  return [rate](std::uint64_t) { return rate; };
}

}  // namespace

TEST_CASE("a steady run is found within 100 µs of its limit, whatever its rate and length") {
  for (const double rate : {0.01, 0.5, 1.0, 7.0, 60.0, 2000.0})
    for (const std::uint64_t length : {kMilli, 30 * kMilli, kSecond, 10 * kSecond}) {
      const auto limit = static_cast<std::uint64_t>(rate * static_cast<double>(length));
      const Course course = follow(Worker{steady(rate)}, {.fuel = Fuel(limit)});
      CAPTURE(rate, length, course.looks);
      REQUIRE(course.found);
      CHECK(course.late <= 100 * kMicro);
      // Half a slack apart far from the limit, a few dozen near it.
      CHECK(course.looks <= length / (5 * kMilli) * 5 / 4 + 45);
    }
}

TEST_CASE("a sudden rise of the rate costs at most half the slack") {
  for (const std::uint64_t slack : {kMilli, 10 * kMilli, 100 * kMilli})
    for (const double factor : {4.0, 100.0, 100'000.0})
      for (std::uint64_t turn = 40 * kMilli; turn < 60 * kMilli; turn += 1300 * kMicro) {
        const auto rate = [=](std::uint64_t cpu) { return cpu < turn ? 1.0 : factor; };
        const Course course = follow(Worker{rate}, {.fuel = Fuel(60 * kMilli), .slack = Nanos(slack)});
        CAPTURE(slack, factor, turn);
        REQUIRE(course.found);
        CHECK(course.late <= slack / 2 + 20 * kMicro);
      }
}

TEST_CASE("phases of fast and slow code are followed") {
  const auto rate = [](std::uint64_t cpu) { return cpu / (3 * kMilli) % 2 == 0 ? 0.3 : 12.0; };
  for (std::uint64_t limit = 100 * kMilli; limit < 110 * kMilli; limit += kMilli) {
    const Course course = follow(Worker{rate}, {.fuel = Fuel(limit)});
    REQUIRE(course.found);
    CHECK(course.late <= kMilli);
  }
}

TEST_CASE("a run that waits for a core is found in its own CPU time") {
  const auto runs = [](std::uint64_t now) { return now / (3 * kMilli) % 4 == 0; };
  for (std::uint64_t limit = 50 * kMilli; limit < 60 * kMilli; limit += 700 * kMicro) {
    const Course course = follow(Worker{steady(1.0), runs}, {.fuel = Fuel(limit)});
    REQUIRE(course.found);
    CHECK(course.late <= kMilli);
  }
}

TEST_CASE("a run that blocks right before its limit is looked at once a millisecond, and found when it goes on") {
  const auto runs = [](std::uint64_t now) { return now < 10 * kMilli || now > 5 * kSecond; };
  const Course course = follow(Worker{steady(1.0), runs}, {.fuel = Fuel(10 * kMilli + 20 * kMicro)});
  REQUIRE(course.found);
  CHECK(course.late <= 1100 * kMicro);
  CHECK(course.looks < 6000);
}

TEST_CASE("without a fuel limit and a deadline there is nothing to look for") {
  LookPlan plan({}, Nanos(0));
  CHECK(plan.next(Sample{Nanos(0), Nanos(0), Fuel(0)}) == Nanos::max());
  CHECK(plan.next(Sample{Nanos(kSecond), Nanos(kSecond), Fuel(kSecond)}) == Nanos::max());
}

TEST_CASE("without a fuel limit the only look is at the deadline") {
  LookPlan plan({.wall_deadline = Nanos(60 * kSecond)}, Nanos(0));
  CHECK(plan.next(Sample{Nanos(0), Nanos(0), Fuel(0)}) == Nanos(60 * kSecond));
}

TEST_CASE("a CPU deadline is closed in on by what is left of it") {
  LookPlan plan({.cpu = Nanos(kSecond)}, Nanos(0));
  CHECK(plan.next(Sample{Nanos(0), Nanos(0), Fuel(0)}) == Nanos(kSecond));
  // It had half a core.
  CHECK(plan.next(Sample{Nanos(kSecond), Nanos(kSecond / 2), Fuel(0)}) == Nanos(kSecond + kSecond / 2));
}

TEST_CASE("a wall deadline is never overslept for fuel") {
  LookPlan plan({.fuel = Fuel(kSecond), .wall_deadline = Nanos(3 * kMilli)}, Nanos(0));
  CHECK(plan.next(Sample{Nanos(0), Nanos(0), Fuel(0)}) <= Nanos(3 * kMilli));
}

TEST_CASE("a limit that cannot be reached in years is looked for ever less often") {
  LookPlan plan({.fuel = Fuel(std::uint64_t{1} << 63)}, Nanos(0));
  std::uint64_t now = kMicro;
  std::uint64_t looks = 0;
  for (; now < 24 * 3600 * kSecond; ++looks) now = plan.next(Sample{Nanos(now), Nanos(now), Fuel(now)}).count();
  CHECK(looks < 60);
}

TEST_CASE("many runs far from their limits look at the same moments") {
  std::vector<std::uint64_t> moments;
  for (std::uint64_t start = 0; start < 32; ++start) {
    const std::uint64_t go = start * 137 * kMicro;  // all within 5 ms
    LookPlan plan({.fuel = Fuel(1'000 * kSecond)}, Nanos(go));
    moments.push_back(plan.next(Sample{Nanos(go + kSecond), Nanos(kSecond), Fuel(kSecond)}).count());
  }
  std::sort(moments.begin(), moments.end());
  const auto distinct = std::unique(moments.begin(), moments.end()) - moments.begin();
  CHECK(distinct <= 8);
}

// The patience with armed runs: by what they do with their time, not by their slack.
#include "daemon/monitor/park_watch.hpp"

#include <catch2/catch.hpp>

using namespace slack;
using slack::monitor::ParkWatch;

namespace {

constexpr Nanos ms(std::uint64_t count) { return Nanos(count * 1'000'000); }
constexpr Nanos kArmed = ms(1'000);

}  // namespace

TEST_CASE("the first look comes within milliseconds whatever the slack is") {
  CHECK(ParkWatch(kArmed, ms(0), ms(1'000)).due() == kArmed + ParkWatch::kLookEvery);
  CHECK(ParkWatch(kArmed, ms(0), ms(1)).due() == kArmed + ms(1));
  CHECK(ParkWatch(kArmed, ms(0), Nanos(0)).due() > kArmed);
}

TEST_CASE("a run that sleeps from one look to the next has had its time") {
  ParkWatch watch(kArmed, ms(7), ms(1'000));
  CHECK(watch.overdue(watch.due(), ms(7), true));
}

TEST_CASE("a run that sleeps but got on since the last look gets another one") {
  ParkWatch watch(kArmed, ms(7), ms(1'000));
  CHECK_FALSE(watch.overdue(watch.due(), ms(8), true));
  CHECK(watch.due() == kArmed + ParkWatch::kLookEvery + ParkWatch::kLookEvery);
  CHECK(watch.overdue(watch.due(), ms(8), true));
}

TEST_CASE("a run that burns its budget has had its time, and not before") {
  ParkWatch watch(kArmed, ms(7), ms(10));
  CHECK_FALSE(watch.overdue(watch.due(), ms(11), false));
  CHECK_FALSE(watch.overdue(watch.due(), ms(15), false));
  CHECK(watch.due() == kArmed + ms(8) + ms(2));
  CHECK(watch.overdue(watch.due(), ms(17), false));
}

TEST_CASE("a run that waits for a core is waited for, but not for ever") {
  ParkWatch watch(kArmed, ms(7), ms(10));
  int looks = 0;
  while (!watch.overdue(watch.due(), ms(7), false)) REQUIRE(++looks < 1'000);
  CHECK(watch.due() == kArmed + ParkWatch::kLeastPatience);
  ParkWatch patient(kArmed, ms(7), ms(1'000));
  CHECK_FALSE(patient.overdue(kArmed + ms(19'000), ms(8), false));
  CHECK(patient.overdue(kArmed + ms(20'000), ms(8), false));
}

TEST_CASE("the wall deadline ends the wait for a core, whatever the run was armed for") {
  const auto given_up_at = [](Nanos wall_deadline) {
    ParkWatch watch(kArmed, ms(7), ms(1'000), wall_deadline);
    Nanos now;
    do now = watch.due();
    while (!watch.overdue(now, ms(7), false));
    return now;
  };
  CHECK(given_up_at(kArmed + ms(30)) == kArmed + ms(30) + ParkWatch::kPastDeadline);
  // It was armed at its deadline, or after it because the monitor was late: it still gets that little.
  CHECK(given_up_at(kArmed) == kArmed + ParkWatch::kPastDeadline);
  CHECK(given_up_at(kArmed - ms(900)) == kArmed + ParkWatch::kPastDeadline);
  CHECK(given_up_at(Nanos::max()) == kArmed + ms(20'000));
}

TEST_CASE("another reason to end leaves a run the time of one look") {
  ParkWatch watch(kArmed, ms(7), ms(1'000));
  REQUIRE_FALSE(watch.overdue(kArmed + ms(4), ms(9), false));
  watch.hurry(kArmed + ms(5));
  CHECK(watch.due() <= kArmed + ms(5) + ParkWatch::kLookEvery);
  REQUIRE_FALSE(watch.overdue(watch.due(), ms(10), false));
  CHECK(watch.due() == kArmed + ms(5) + ParkWatch::kLookEvery);
  CHECK(watch.overdue(watch.due(), ms(10), false));
}

TEST_CASE("a budget beyond every number does not wrap around") {
  ParkWatch watch(kArmed, ms(7), Nanos::max());
  CHECK_FALSE(watch.overdue(watch.due(), ms(8), false));
}

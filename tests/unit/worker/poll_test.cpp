// poll_oneoff: times, readiness, and the events they become.
#include "daemon/worker/wasi/poll.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/worker/guest.hpp"

using namespace slack;
using namespace slack::worker;
using namespace slack::worker::wasi;
using test::Guest;

namespace {

Subscription clock_subscription(U32 clock, U64 timeout, bool absolute = false) {
  Subscription subscription{};
  subscription.userdata = 77;
  subscription.type = EventType::clock;
  subscription.clock.clock = clock;
  subscription.clock.timeout = timeout;
  subscription.clock.flags = absolute ? Subscription::kAbsolute : 0;
  return subscription;
}

Subscription file_subscription(EventType type, U32 fd, U64 userdata) {
  Subscription subscription{};
  subscription.userdata = userdata;
  subscription.type = type;
  subscription.file.fd = fd;
  return subscription;
}

}  // namespace

TEST_CASE("a clock subscription is due at a point of the monotonic clock") {
  const Now now{1000, 5'000'000};
  CHECK(due_time(clock_subscription(1, 50), now) == 1050u);
  CHECK(due_time(clock_subscription(1, 5000, true), now) == 5000u);
  CHECK(due_time(clock_subscription(0, 50), now) == 1050u);
  CHECK(due_time(clock_subscription(0, 5'000'100, true), now) == 1100u);
  CHECK(due_time(clock_subscription(0, 4'000'000, true), now) == 1000u);
  CHECK(due_time(clock_subscription(1, ~U64{0}), now) == ~U64{0} - 1);
  CHECK(due_time(clock_subscription(2, 50), now).error() == Errno::inval);
}

TEST_CASE("the wait is what is left, never negative") {
  CHECK(wait_until(2'500'000'000, 1'000'000'000).tv_sec == 1);
  CHECK(wait_until(2'500'000'000, 1'000'000'000).tv_nsec == 500'000'000);
  CHECK(wait_until(5, 10).tv_sec == 0);
  CHECK(wait_until(5, 10).tv_nsec == 0);
}

TEST_CASE("what ppoll answers becomes an event for those who asked") {
  const auto read = file_subscription(EventType::fd_read, 0, 9);
  const auto write = file_subscription(EventType::fd_write, 0, 9);
  CHECK_FALSE(event_of(read, 0).has_value());
  CHECK_FALSE(event_of(read, POLLOUT).has_value());
  CHECK(event_of(read, POLLIN)->userdata == 9);
  CHECK(event_of(read, POLLIN)->bytes == 1);
  CHECK(event_of(write, POLLOUT)->type == EventType::fd_write);
  CHECK(event_of(read, POLLHUP)->flags == Event::kHangup);
  CHECK(event_of(write, POLLERR)->error == Errno::io);
}

TEST_CASE("poll_oneoff waits for the first of clocks and descriptors") {
  Guest guest;
  int pipe_ends[2];
  REQUIRE(::pipe2(pipe_ends, O_CLOEXEC) == 0);
  const Fd writer(pipe_ends[1]);
  (void)guest.state.add_input(Fd(pipe_ends[0]));
  (void)guest.state.add_output(Guest::null());
  const auto poll = [&](U32 count) { return poll_oneoff(guest.state, guest.memory, 1000, 5000, count, 0); };

  guest.put_value(1000, clock_subscription(1, 1'000'000));
  guest.put_value(1048, file_subscription(EventType::fd_read, 0, 5));
  REQUIRE(poll(2) == Errno::success);
  CHECK(guest.get<U32>(0) == 1);
  CHECK(guest.get<Event>(5000).userdata == 77);

  REQUIRE(::write(writer.get(), "x", 1) == 1);
  guest.put_value(1000, clock_subscription(1, 3'600'000'000'000));
  REQUIRE(poll(2) == Errno::success);
  CHECK(guest.get<U32>(0) == 1);
  CHECK(guest.get<Event>(5000).userdata == 5);
  CHECK(guest.get<Event>(5000).type == EventType::fd_read);

  guest.put_value(1000, file_subscription(EventType::fd_write, 1, 6));
  guest.put_value(1096, file_subscription(EventType::fd_read, 33, 8));
  REQUIRE(poll(3) == Errno::success);
  CHECK(guest.get<U32>(0) == 3);
  CHECK(guest.get<Event>(5064).error == Errno::badf);

  CHECK(poll(0) == Errno::inval);
  CHECK(poll(kMaxSubscriptions + 1) == Errno::inval);
  CHECK(poll_oneoff(guest.state, guest.memory, 65500, 5000, 1, 0) == Errno::fault);
  CHECK(poll_oneoff(guest.state, guest.memory, 1000, 65520, 1, 0) == Errno::fault);
}

TEST_CASE("in a deterministic run a wait for a clock is over at once") {
  Guest guest(Wasi::Settings{.deterministic = true});
  guest.put_value(1000, clock_subscription(0, 3'600'000'000'000));
  CHECK(poll_oneoff(guest.state, guest.memory, 1000, 5000, 1, 0) == Errno::success);
  CHECK(guest.get<U32>(0) == 1);
}

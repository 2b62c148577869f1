// Values posted by one thread arrive at the other in order, and wake it.
#include "daemon/monitor/mailbox.hpp"

#include <poll.h>

#include <catch2/catch.hpp>
#include <memory>
#include <thread>

using slack::monitor::Mailbox;

TEST_CASE("a mailbox delivers everything once, in order, and wakes its reader") {
  constexpr int kValues = 100'000;
  Mailbox<std::unique_ptr<int>> mailbox;
  REQUIRE(mailbox.open());
  std::thread sender([&mailbox] {
    for (int i = 0; i < kValues; ++i) mailbox.post(std::make_unique<int>(i));
  });
  int expected = 0;
  while (expected < kValues) {
    pollfd ready{mailbox.event_fd(), POLLIN, 0};
    if (::poll(&ready, 1, 10'000) != 1) break;
    for (const auto& value : mailbox.take())
      if (*value == expected) ++expected;
  }
  sender.join();
  CHECK(expected == kValues);
  CHECK(mailbox.take().empty());
}

TEST_CASE("a mailbox frees what nobody took") {
  auto value = std::make_shared<int>(1);
  {
    Mailbox<std::shared_ptr<int>> mailbox;
    REQUIRE(mailbox.open());
    mailbox.post(value);
    CHECK(value.use_count() == 2);
  }
  CHECK(value.use_count() == 1);
}

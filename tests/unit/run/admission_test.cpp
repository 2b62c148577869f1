// Admission and the queue of turns: limits hold, are named, and are given back.
#include "daemon/run/admission.hpp"

#include <catch2/catch.hpp>

#include <vector>

#include "daemon/run/fair_queue.hpp"
#include "daemon/run/fair_share.hpp"

namespace slack::run {
namespace {

Demand demand(uid_t uid, std::uint64_t held = 0, std::size_t directories = 0) {
  Demand demand;
  demand.uid = uid;
  demand.held = Bytes(held);
  demand.directories = directories;
  return demand;
}

Admission::Limits small() {
  Admission::Limits limits;
  limits.runs_per_user = 2;
  limits.runs = 3;
  limits.held_per_user = Bytes(100);
  limits.held = Bytes(150);
  limits.images_per_user = Bytes(60);
  limits.images = Bytes(90);
  limits.directories_per_user = 4;
  return limits;
}

TEST_CASE("an image that lasts takes its bytes and nothing else of a run that has ended") {
  Admission admission(small());
  std::shared_ptr<const void> lasting;
  {
    auto charge = admission.admit(demand(1000, 100));
    REQUIRE(charge);
    REQUIRE(charge->hold_output());
    auto image = charge->lasting_image(Bytes(60));
    REQUIRE(image);
    lasting = std::move(*image);
    CHECK_FALSE(charge->lasting_image(Bytes(1)));
  }
  {
    auto first = admission.admit(demand(1000, 100));
    auto second = admission.admit(demand(1000));
    REQUIRE(first);
    REQUIRE(second);
    CHECK(first->hold_output());
    CHECK_FALSE(first->add_image(Bytes(1)));
    lasting.reset();
    CHECK(first->add_image(Bytes(60)));
  }
  // It may be the last that is left of its user.
  auto charge = admission.admit(demand(1000));
  lasting = *charge->lasting_image(Bytes(60));
  *charge = Admission::Charge();
  lasting.reset();
  CHECK(admission.admit(demand(1000)));
}

TEST_CASE("shared places: a part for each user, and one for who has none, whoever has taken the rest") {
  FairShare share(4, 3);
  std::vector<std::shared_ptr<const void>> taken;
  for (int i = 0; i < 3; ++i) taken.push_back(share.take(1000));
  for (const auto& place : taken) CHECK(place != nullptr);
  CHECK(share.take(1000) == nullptr);
  taken.push_back(share.take(1001));
  CHECK(taken.back() != nullptr);
  CHECK(share.take(1001) == nullptr);  // all are taken, and this user has one
  taken.push_back(share.take(1002));
  CHECK(taken.back() != nullptr);
  taken.clear();
  CHECK(share.take(1000) != nullptr);
}

TEST_CASE("a user's runs are limited and the limit is named") {
  Admission admission(small());
  auto first = admission.admit(demand(1000));
  auto second = admission.admit(demand(1000));
  REQUIRE(first);
  REQUIRE(second);
  const auto third = admission.admit(demand(1000));
  REQUIRE_FALSE(third);
  CHECK(describe(third.error()) == "live runs of user 1000, waiting ones included: 3 asked for, 2 allowed");
  CHECK(third.error().passing);
  CHECK(admission.admit(demand(1001)));
}

TEST_CASE("linked modules are limited for a run and for a user, and given back") {
  Admission::Limits limits = small();
  limits.links_per_user = 5;
  Admission admission(limits);
  Demand with_links = demand(1000);
  with_links.links = limits::kLinks + 1;
  const auto too_many = admission.admit(with_links);
  REQUIRE_FALSE(too_many);
  CHECK(describe(too_many.error()) == "linked modules of a run (option 'links'): 25 asked for, 24 allowed");
  with_links.links = 3;
  {
    const auto first = admission.admit(with_links);
    REQUIRE(first);
    const auto second = admission.admit(with_links);
    REQUIRE_FALSE(second);
    CHECK(describe(second.error()) == "linked modules of user 1000: 6 asked for, 5 allowed");
    CHECK(second.error().passing);
  }
  CHECK(admission.admit(with_links));
}

TEST_CASE("a run that ends gives its charge back") {
  Admission admission(small());
  {
    auto first = admission.admit(demand(1000, 100, 4));
    REQUIRE(first);
    CHECK(first->hold_output());
    CHECK(first->add_image(Bytes(60)));
    auto second = admission.admit(demand(1000, 1));
    REQUIRE(second);
    CHECK_FALSE(second->hold_output());
    CHECK_FALSE(second->add_image(Bytes(1)));
    CHECK_FALSE(admission.admit(demand(1000, 0, 1)));
  }
  auto again = admission.admit(demand(1000, 100, 4));
  REQUIRE(again);
  CHECK(again->hold_output());
  CHECK(again->add_image(Bytes(60)));
}

TEST_CASE("a charge that was moved is given back once") {
  Admission admission(small());
  Admission::Charge kept;
  {
    auto first = admission.admit(demand(1));
    REQUIRE(first);
    kept = std::move(*first);
  }
  auto second = admission.admit(demand(1));
  CHECK(second);
  CHECK_FALSE(admission.admit(demand(1)));
  kept = {};
  CHECK(admission.admit(demand(1)));
}

TEST_CASE("all users together are limited") {
  Admission admission(small());
  auto a = admission.admit(demand(1, 100));
  auto b = admission.admit(demand(2, 100));
  auto c = admission.admit(demand(3));
  REQUIRE((a && b && c));
  CHECK(a->hold_output());
  CHECK_FALSE(b->hold_output());
  CHECK(c->hold_output());
  CHECK(a->add_image(Bytes(60)));
  const auto over = b->add_image(Bytes(60));
  REQUIRE_FALSE(over);
  CHECK(describe(over.error()) == "bytes of code images of all users: 120 asked for, 90 allowed");
  const auto fourth = admission.admit(demand(4));
  REQUIRE_FALSE(fourth);
  CHECK(fourth.error().limit == "live runs of all users");
  a = tl::unexpected(Excess{});
  CHECK(b->hold_output());
  CHECK(b->hold_output());  // taken once
}

TEST_CASE("a demand beyond every number does not wrap around") {
  Admission admission(small());
  auto a = admission.admit(demand(1, 50));
  REQUIRE(a);
  CHECK(a->add_image(Bytes(1)));
  CHECK_FALSE(a->add_image(Bytes::max()));
  CHECK_FALSE(admission.admit(demand(1, std::numeric_limits<std::uint64_t>::max())));
}

TEST_CASE("what one run may ask for is limited") {
  Admission admission;
  auto big = demand(1);
  big.memory = Bytes(limits::kMemoryBytes.count() + 1);
  CHECK(describe(admission.admit(big).error()) == "option 'memory_bytes': 4294967297 asked for, 4294967296 allowed");
  CHECK_FALSE(admission.admit(big).error().passing);
  const auto held = admission.admit(demand(1, limits::kHeldPerUser.count() + 1));
  CHECK(describe(held.error()) == "option 'output_bytes': 8589934593 asked for, 8589934592 allowed");
  CHECK_FALSE(held.error().passing);
  big = demand(1);
  big.arguments = Bytes(limits::kArgumentBytes.count() + 1);
  CHECK_FALSE(admission.admit(big));
  big = demand(1);
  big.environment = Bytes(limits::kEnvironmentBytes.count() + 1);
  CHECK_FALSE(admission.admit(big));
  big = demand(1, 0, limits::kDirectories + 1);
  CHECK_FALSE(admission.admit(big));
  big = demand(1);
  big.name_bytes = 256;
  CHECK_FALSE(admission.admit(big));
}

TEST_CASE("a daemon with few descriptors takes fewer runs") {
  CHECK(Admission::Limits::for_descriptors(1024).runs == 48);
  CHECK(Admission::Limits::for_descriptors(1024).runs_per_user == 48);
  CHECK(Admission::Limits::for_descriptors(16).runs == 1);
  CHECK(Admission::Limits::for_descriptors(1 << 20).runs == limits::kRuns);
}

TEST_CASE("turns go round between users and in order within one") {
  FairQueue queue(100);
  for (const std::uint64_t run : {1, 2, 3}) queue.enter(10, run);
  queue.enter(20, 4);
  queue.enter(30, 5);
  std::vector<std::uint64_t> order;
  while (const auto run = queue.next()) order.push_back(*run);
  CHECK(order == std::vector<std::uint64_t>{1, 4, 5, 2, 3});
}

TEST_CASE("a run that is not ready holds up its own user's line and no other") {
  FairQueue queue(100);
  for (const std::uint64_t run : {1, 2}) queue.enter(10, run);
  queue.enter(20, 3);
  bool room = false;
  const auto ready = [&](std::uint64_t run) { return run != 1 || room; };
  CHECK(queue.next(ready) == 3u);
  CHECK(queue.next(ready) == std::nullopt);
  room = true;
  CHECK(queue.next(ready) == 1u);
  CHECK(queue.next(ready) == 2u);
}

TEST_CASE("no more turns are taken than there are") {
  FairQueue queue(2);
  for (const std::uint64_t run : {1, 2, 3}) queue.enter(10, run);
  CHECK(queue.next() == 1u);
  CHECK(queue.next() == 2u);
  CHECK(queue.next() == std::nullopt);
  queue.give_back(10);
  CHECK(queue.next() == 3u);
  CHECK(queue.next() == std::nullopt);
}

TEST_CASE("a user without a turn gets one though all shared ones are taken") {
  FairQueue queue(2);
  for (const std::uint64_t run : {1, 2, 3}) queue.enter(10, run);
  CHECK(queue.next() == 1u);
  CHECK(queue.next() == 2u);
  queue.enter(20, 4);
  queue.enter(20, 5);
  CHECK(queue.next() == 4u);
  CHECK(queue.next() == std::nullopt);
  queue.give_back(10);
  CHECK(queue.next() == std::nullopt);  // two are still out
  queue.give_back(20);
  CHECK(queue.next() == 3u);
  CHECK(queue.next() == 5u);  // user 20 has none again
  CHECK(queue.next() == std::nullopt);
}

TEST_CASE("a run that leaves the queue gets no turn") {
  FairQueue queue(2);
  queue.enter(10, 1);
  queue.enter(10, 2);
  CHECK(queue.leave(1));
  CHECK_FALSE(queue.leave(1));
  CHECK(queue.waiting() == 1);
  CHECK(queue.next() == 2u);
  CHECK_FALSE(queue.leave(2));
}

TEST_CASE("the copy of a module counts with the images for as long as it is there") {
  Admission::Limits limits;
  limits.images_per_user = Bytes(100);
  Admission admission(limits);
  Demand demand;
  demand.uid = 1000;
  auto charge = std::make_shared<Admission::Charge>(std::move(*admission.admit(demand)));
  auto copy = Admission::Charge::add_copy(charge, Bytes(60));
  REQUIRE(copy);
  CHECK_FALSE(Admission::Charge::add_copy(charge, Bytes(60)));
  CHECK_FALSE(charge->add_image(Bytes(60)));
  copy->reset();
  CHECK(charge->add_image(Bytes(60)));
  // It holds the charge, whoever else lets go of it.
  copy = Admission::Charge::add_copy(charge, Bytes(40));
  REQUIRE(copy);
  charge.reset();
  auto other = admission.admit(demand);
  REQUIRE(other);
  CHECK_FALSE(other->add_image(Bytes(1)));
  copy->reset();
  CHECK(other->add_image(Bytes(100)));
}

}  // namespace
}  // namespace slack::run

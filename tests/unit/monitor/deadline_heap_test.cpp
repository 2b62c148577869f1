// The deadline heap against a sorted model.
#include "daemon/monitor/deadline_heap.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>

using slack::Nanos;
using slack::monitor::DeadlineHeap;

TEST_CASE("an empty heap is due never") {
  DeadlineHeap heap;
  CHECK(heap.earliest() == Nanos::max());
  CHECK(heap.take_due(Nanos::max()).empty());
}

TEST_CASE("setting a key again moves it, and never removes it") {
  DeadlineHeap heap;
  heap.set(1, Nanos(100));
  heap.set(2, Nanos(50));
  heap.set(1, Nanos(10));
  CHECK(heap.size() == 2);
  CHECK(heap.earliest() == Nanos(10));
  heap.set(1, Nanos::max());
  CHECK(heap.size() == 1);
  CHECK(heap.take_due(Nanos(50)) == std::vector<DeadlineHeap::Key>{2});
}

TEST_CASE("the heap agrees with a sorted map over random operations") {
  std::mt19937_64 random(7);
  DeadlineHeap heap;
  std::map<DeadlineHeap::Key, std::uint64_t> model;
  for (int step = 0; step < 20'000; ++step) {
    const DeadlineHeap::Key key = random() % 40;
    const std::uint64_t when = random() % 1000;
    switch (random() % 4) {
      case 0:
      case 1:
        heap.set(key, Nanos(when));
        model[key] = when;
        break;
      case 2:
        heap.erase(key);
        model.erase(key);
        break;
      default: {
        const std::uint64_t now = random() % 300;
        std::vector<DeadlineHeap::Key> due = heap.take_due(Nanos(now));
        std::vector<std::uint64_t> times;
        for (const auto taken : due) times.push_back(model.at(taken));
        CHECK(std::is_sorted(times.begin(), times.end()));
        std::size_t expected = 0;
        for (auto entry = model.begin(); entry != model.end();)
          if (entry->second <= now) {
            ++expected;
            entry = model.erase(entry);
          } else {
            ++entry;
          }
        REQUIRE(due.size() == expected);
      }
    }
    REQUIRE(heap.size() == model.size());
    std::uint64_t earliest = Nanos::max().count();
    for (const auto& [_, time] : model) earliest = std::min(earliest, time);
    REQUIRE(heap.earliest() == Nanos(earliest));
  }
}

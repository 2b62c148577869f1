// Shortest ways: what callers count of a function's fuel is never more than it spends.
#include <catch2/catch.hpp>

#include <vector>

#include "jit/meter/shortest_way.hpp"

using namespace slack;
using namespace slack::meter;

namespace {

using Code = std::vector<std::uint8_t>;

// What a callee named by its index has callers count; everything costs what it costs by default.
ShortestWay way_of(const Code& body, const std::vector<Callee>& callees = {}) {
  const CostTable costs;
  ShortestWay way(costs.function_entry().count());
  wasm::OperatorReader reader(body, {});
  wasm::Instruction instruction;
  while (!reader.at_end() && reader.read(instruction)) {
    way.pass(instruction, costs.of(instruction.op).count());
    if (instruction.op != wasm::Operator::call) continue;
    if (instruction.index < callees.size()) {
      way.call(callees[instruction.index]);
    } else {
      way.call_itself();
    }
  }
  return way;
}

constexpr Callee kShared{EntryPoll::none, false, 20, 7, 4};

}  // namespace

TEST_CASE("straight code is prepaid to its end") {
  // (drop (const 0)) in a block
  const auto way = way_of({0x02, 0x40, 0x41, 0, 0x1a, 0x0b, 0x41, 0, 0x1a, 0x0b});
  CHECK(way.prepaid() == 1 + 2);
  CHECK(way.owed(way.prepaid()) == 0);
  CHECK(way.owed(0) == 1 + 2);
}

TEST_CASE("of two arms the shorter is owed") {
  // (if (const 0) (then (drop (const 0))) (else (drop (const 0)) (drop (const 0))))
  const Code both{0x41, 0, 0x04, 0x40, 0x41, 0, 0x1a, 0x05, 0x41, 0, 0x1a, 0x41, 0, 0x1a, 0x0b, 0x0b};
  const auto way = way_of(both);
  CHECK(way.prepaid() == 1 + 1 + 1);
  CHECK(way.owed(way.prepaid()) == 1);
  // (if (const 0) (then (drop (const 0)) (return))) (unreachable): what traps does not return
  const auto other = way_of({0x41, 0, 0x04, 0x40, 0x41, 0, 0x1a, 0x0f, 0x0b, 0x00, 0x0b});
  CHECK(other.prepaid() == 1 + 1 + 1);
  CHECK(other.owed(other.prepaid()) == 1);
}

TEST_CASE("what never returns owes nothing") {
  // (loop (br 0))
  const auto way = way_of({0x03, 0x40, 0x0c, 0, 0x0b, 0x0b});
  CHECK(way.owed(way.prepaid()) == 0);
}

TEST_CASE("a callee's parts are passed on, before the first call and behind the last") {
  // (drop (const 0)) (call 0) (drop (const 0))
  const auto way = way_of({0x41, 0, 0x1a, 0x10, 0, 0x41, 0, 0x1a, 0x0b}, {kShared});
  CHECK(way.prepaid() == 1 + 1 + 1 + 7);
  CHECK(way.owed(way.prepaid()) == 4 + 1);
  // (if (const 0) (then (call 0))): one that may not be called is not prepaid
  const auto maybe = way_of({0x41, 0, 0x04, 0x40, 0x10, 0, 0x0b, 0x0b}, {kShared});
  CHECK(maybe.prepaid() == 1 + 1 + 1);
  CHECK(maybe.owed(maybe.prepaid()) == 0);
}

TEST_CASE("loops and services are where what is owed begins") {
  // (drop (const 0)) (loop (br_if 0 (const 0)) (nop)) (drop (const 0))
  const auto loop = way_of({0x41, 0, 0x1a, 0x03, 0x40, 0x41, 0, 0x0d, 0, 0x0b, 0x41, 0, 0x1a, 0x0b});
  CHECK(loop.prepaid() == 1 + 1);
  CHECK(loop.owed(loop.prepaid()) == 1);
  // (block (loop (br_if 1 (const 0)) (br 0))) (drop (const 0)): left in the middle
  const auto left = way_of({0x02, 0x40, 0x03, 0x40, 0x41, 0, 0x0d, 1, 0x0c, 0, 0x0b, 0x0b, 0x41, 0, 0x1a, 0x0b});
  CHECK(left.owed(left.prepaid()) == 2 + 1);
  // (data.drop 0) (drop (const 0))
  const auto service = way_of({0xfc, 9, 0, 0x41, 0, 0x1a, 0x0b});
  CHECK(service.prepaid() == 1 + 1);
  CHECK(service.owed(service.prepaid()) == 1);
}

TEST_CASE("a way through a call of the function itself is not the shortest") {
  // (if (const 0) (then (call 9)) (else (drop (const 0)) (drop (const 0))))
  const auto way = way_of({0x41, 0, 0x04, 0x40, 0x10, 9, 0x05, 0x41, 0, 0x1a, 0x41, 0, 0x1a, 0x0b, 0x0b});
  CHECK(way.owed(way.prepaid()) == 2);
  CHECK(way.owed(0) == 1 + 1 + 1 + 2);
}

// Poll plans: every circle of calls polls, and what does not poll is short.
#include <catch2/catch.hpp>

#include <deque>
#include <random>

#include "jit/meter/longest_way.hpp"
#include "jit/meter/poll_plan.hpp"
#include "jit/meter/stretch.hpp"

using namespace slack;
using namespace slack::meter;

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint8_t kCall = 0x10;
constexpr std::uint8_t kCallIndirect = 0x11;
constexpr std::uint8_t kEnd = 0x0b;
constexpr std::uint8_t kConst = 0x41;
constexpr std::uint8_t kDrop = 0x1a;

void append_leb(Bytes& bytes, std::uint32_t value) {
  for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<std::uint8_t>(value | 0x80));
  bytes.push_back(static_cast<std::uint8_t>(value));
}

// Functions without parameters or results. Each costs one fuel for its entry, one for each call and as many as asked
// for besides.
class Program {
 public:
  explicit Program(std::uint32_t imports = 0) {
    module_.functions.resize(imports);
    module_.imported_functions = imports;
    module_.types.resize(1);
  }
  Program& function(std::uint32_t cost, const std::vector<std::uint32_t>& calls, bool calls_table = false) {
    auto& body = bodies_.emplace_back();
    for (std::uint32_t i = 0; i < cost; ++i) body.insert(body.end(), {kConst, 0, kDrop});
    for (const auto callee : calls) {
      body.push_back(kCall);
      append_leb(body, callee);
    }
    if (calls_table) body.insert(body.end(), {kConst, 0, kCallIndirect, 0, 0});
    body.push_back(kEnd);
    module_.functions.emplace_back().body = body;
    calls_.push_back(calls);
    return *this;
  }
  // Lets others than direct calls reach it.
  Program& refer_to(std::uint32_t function) {
    module_.functions[function].referenced = true;
    return *this;
  }
  Program& start_with(std::uint32_t function) {
    module_.start = function;
    return *this;
  }
  [[nodiscard]] PollPlan plan() const { return plan_polls(module_, CostTable()); }
  // Of defined functions, which are all there is.
  [[nodiscard]] const std::vector<std::vector<std::uint32_t>>& calls() const { return calls_; }

 private:
  wasm::Module module_;
  std::deque<Bytes> bodies_;
  std::vector<std::vector<std::uint32_t>> calls_;
};

// Whether a way along calls leads around through functions that do not poll.
bool has_circle_without_poll(const Program& program, const PollPlan& plan) {
  const auto& calls = program.calls();
  std::vector<std::uint32_t> callers(calls.size(), 0);  // that are left, of those that do not poll
  const auto is_silent = [&](std::size_t i) { return plan[i].poll == EntryPoll::none; };
  std::size_t left = 0;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (!is_silent(i)) continue;
    ++left;
    for (const auto callee : calls[i]) ++callers[callee];
  }
  std::vector<std::size_t> work;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (is_silent(i) && callers[i] == 0) work.push_back(i);
  }
  while (!work.empty()) {
    const auto function = work.back();
    work.pop_back();
    --left;
    for (const auto callee : calls[function]) {
      if (--callers[callee] == 0 && is_silent(callee)) work.push_back(callee);
    }
  }
  return left != 0;
}

}  // namespace

TEST_CASE("short functions that call short ones do not poll") {
  const auto plan = Program().function(10, {1, 1}).function(5, {}).plan();
  CHECK(plan[0].poll == EntryPoll::none);
  CHECK_FALSE(plan[0].may_poll);
  CHECK(plan[0].most_unpolled == 1 + 10 + 2 + 2 * 6);
  CHECK(plan[1].most_unpolled == 6);
}

TEST_CASE("what calls itself polls before its calls") {
  const auto plan = Program().function(10, {0, 0}).function(3, {0}).plan();
  CHECK(plan[0].poll == EntryPoll::before_calls);
  CHECK(plan[0].may_poll);
  CHECK(plan[0].most_unpolled == 12);
  // Its caller need not, and counts the ways through it that do not poll.
  CHECK(plan[1].poll == EntryPoll::none);
  CHECK(plan[1].may_poll);
  CHECK(plan[1].most_unpolled == 1 + 3 + 1 + 12);
}

TEST_CASE("long functions poll at their entry, and cost their callers nothing") {
  const auto plan = Program().function(1'022, {1}).function(1'024, {}).function(1'023, {}).plan();
  CHECK(plan[0].poll == EntryPoll::none);
  CHECK(plan[0].most_unpolled == 1'024);
  CHECK(plan[1].poll == EntryPoll::at_entry);
  CHECK(plan[1].most_unpolled == 0);
  CHECK(plan[2].poll == EntryPoll::none);
}

TEST_CASE("a way has one arm of an if, and a branch to a loop ends it") {
  // (loop (br_if 0 (const))) (if (const) (then (const) (drop)) (else (return))) (const) (drop)
  static constexpr std::uint8_t kBody[] = {0x03, 0x40, 0x41, 0,    0x0d, 0,    0x0b, 0x41, 0,    0x04, 0x40,
                                           0x41, 0,    0x1a, 0x05, 0x0f, 0x0b, 0x41, 0,    0x1a, 0x0b};
  LongestWay way(1);
  wasm::OperatorReader reader(kBody, {});
  wasm::Instruction instruction;
  const CostTable costs;
  while (!reader.at_end() && reader.read(instruction)) way.pass(instruction, costs.of(instruction.op).count());
  CHECK(way.with_calls() == 1 + 2 + 2 + 1 + 1);
  CHECK(way.before_calls() == way.with_calls());
}

TEST_CASE("callers count what every way through a function spends, where nothing but direct calls reaches it") {
  Program program;
  program.function(10, {1, 1}).function(5, {}).function(3, {2}).function(2, {2});
  const auto plan = program.plan();
  CHECK(plan[0].prepaid == 1 + 10 + 1 + 6);
  CHECK(plan[0].owed == 0);
  CHECK(plan[1].prepaid == 6);
  // It polls; and it never returns.
  CHECK(plan[2].prepaid == 0);
  CHECK(plan[2].owed == 0);
  CHECK(plan[3].prepaid == 1 + 2 + 1);
  const auto check_others = [](const PollPlan& others) {
    CHECK(others[1].prepaid == 0);
    CHECK(others[1].owed == 0);
    CHECK(others[1].most_unpolled == 6);
    CHECK(others[0].prepaid == 1 + 10 + 1);
  };
  check_others(program.refer_to(1).plan());
  check_others(Program().function(10, {1, 1}).function(5, {}).start_with(1).plan());
}

TEST_CASE("many short functions make a long one") {
  // 11 fuel each way down doubles.
  Program program;
  for (std::uint32_t i = 0; i < 12; ++i) program.function(10, {i + 1, i + 1});
  program.function(10, {});
  const auto plan = program.plan();
  std::size_t polls = 0;
  for (const auto& callee : plan) {
    CHECK(callee.most_unpolled <= kMostUnpolled);
    polls += callee.poll == EntryPoll::none ? 0 : 1;
  }
  CHECK(polls >= 1);
  CHECK(polls <= 3);
}

TEST_CASE("circles through a table or another instance poll") {
  const auto plan = Program(1).function(1, {0}).function(1, {}, true).function(1, {1}).plan();
  CHECK(plan[0].poll == kUnknownCallee.poll);
  CHECK(plan[0].most_unpolled == kMostUnpolled);
  CHECK(plan[1].poll == EntryPoll::before_calls);
  CHECK(plan[2].poll == EntryPoll::before_calls);
  CHECK(plan[3].poll == EntryPoll::none);
  CHECK(plan[3].may_poll);
}

TEST_CASE("every circle of random calls polls, and nothing that does not is long") {
  std::mt19937 random(7);
  const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  for (int round = 0; round < 300; ++round) {
    Program program;
    const auto functions = 1 + below(30);
    for (std::uint32_t i = 0; i < functions; ++i) {
      std::vector<std::uint32_t> calls(below(4));
      for (auto& callee : calls) callee = below(functions);
      program.function(below(8) == 0 ? 900 + below(300) : below(40), calls);
    }
    const auto plan = program.plan();
    CHECK_FALSE(has_circle_without_poll(program, plan));
    for (std::uint32_t i = 0; i < functions; ++i) {
      CHECK(plan[i].most_unpolled <= kMostUnpolled);
      if (plan[i].poll != EntryPoll::none) CHECK(plan[i].may_poll);
      if (plan[i].poll != EntryPoll::none) CHECK(plan[i].prepaid == 0);
      bool may_callees_poll = false;
      for (const auto callee : program.calls()[i]) may_callees_poll = may_callees_poll || plan[callee].may_poll;
      if (may_callees_poll) CHECK(plan[i].may_poll);
      // Its poll has a call to stand before.
      if (plan[i].poll == EntryPoll::before_calls) CHECK(may_callees_poll);
    }
  }
}

TEST_CASE("a chain of calls may be as long as it likes") {
  constexpr std::uint32_t kFunctions = 300'000;
  Program program;
  for (std::uint32_t i = 0; i + 1 < kFunctions; ++i) program.function(0, {i + 1});
  program.function(0, {0});
  const auto plan = program.plan();
  CHECK(plan[0].poll == EntryPoll::before_calls);
  CHECK_FALSE(has_circle_without_poll(program, plan));
}

TEST_CASE("a stretch counts callees up to where they poll") {
  Stretch stretch;
  stretch.spend(8'000);
  CHECK_FALSE(stretch.must_poll_before(192));
  CHECK(stretch.must_poll_before(193));
  stretch.call({EntryPoll::none, false, 100});
  CHECK(stretch.must_poll_before(93));
  CHECK_FALSE(stretch.must_poll_before_return());
  stretch.call({EntryPoll::at_entry, true, 0});
  CHECK_FALSE(stretch.must_poll_before(8'192));
}

TEST_CASE("a long tail after what may have polled needs a poll") {
  Stretch stretch;
  stretch.spend(500);
  stretch.call({EntryPoll::before_calls, true, 100});
  CHECK_FALSE(stretch.must_poll_before_return());
  stretch.spend(128);
  CHECK_FALSE(stretch.must_poll_before_return());
  Stretch other;
  other.spend(1'000);
  other.join(stretch);
  CHECK_FALSE(other.must_poll_before_return());
  other.spend(1);
  CHECK(other.must_poll_before_return());
  CHECK(other.must_poll_before(8'192 - 1'000));
  other.poll();
  CHECK_FALSE(other.must_poll_before_return());
}

TEST_CASE("a round that has polled lately needs no poll at its end") {
  Stretch stretch;
  stretch.begin_round();
  CHECK_FALSE(stretch.is_round_short());
  stretch.spend(50);
  stretch.mark();
  stretch.call({EntryPoll::before_calls, true, 60});
  CHECK(stretch.is_round_short());
  stretch.poll();
  stretch.spend(5);
  CHECK_FALSE(stretch.is_round_short());
  // Where the loop is left, the round before counts.
  Stretch left;
  left.begin_round();
  left.spend(kLongestTail - kLongestRest);
  CHECK_FALSE(left.must_poll_before_return());
  left.spend(1);
  CHECK(left.must_poll_before_return());
}

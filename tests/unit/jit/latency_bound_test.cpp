// Where the SLP vectoriser has nothing to gain.
#include "jit/llvm/latency_bound.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>
#include <vector>

#include <llvm/Analysis/BranchProbabilityInfo.h>
#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/SourceMgr.h>

using namespace slack::jit;

namespace {

constexpr unsigned kWidth = 6;  // operations a cycle
constexpr unsigned kLanes = 4;
constexpr unsigned kSteps = 4;  // of a quarter round of ChaCha

// Of the first function of `ir`.
bool is_bound(const std::string& ir) {
  llvm::LLVMContext context;
  llvm::SMDiagnostic diagnostic;
  const auto module = llvm::parseAssemblyString(ir, diagnostic, context);
  INFO(ir);
  INFO(diagnostic.getMessage().str());
  REQUIRE(module);
  auto& function = *module->begin();
  const llvm::DominatorTree dominators(function);
  const llvm::LoopInfo loops(dominators);
  const llvm::BranchProbabilityInfo probabilities(function, loops);
  const llvm::BlockFrequencyInfo frequencies(function, probabilities, loops);
  return is_latency_bound(function, loops, frequencies, kWidth);
}

std::string numbered(std::string_view name, unsigned lane) { return std::string(name) + std::to_string(lane); }

// Adds instructions, whose results have names no other has.
class Text {
 public:
  explicit Text(std::string type) : type_(std::move(type)) {}

  std::string add(const std::string& opcode, const std::string& a, const std::string& b) {
    return put(opcode + " " + type_ + " " + a + ", " + b);
  }

  std::string rotate(const std::string& value) {
    return put("call i32 @llvm.fshl.i32(i32 " + value + ", i32 " + value + ", i32 7)");
  }

  // A part of a quarter round: a += b, b = (b ^ a) <<< 7.
  void mix(std::string& a, std::string& b) {
    a = add("add", a, b);
    b = rotate(add("xor", b, a));
  }

  [[nodiscard]] const std::string& str() const { return text_; }

 private:
  std::string put(const std::string& instruction) {
    const auto name = numbered("%v", count_++);
    text_ += "  " + name + " = " + instruction + "\n";
    return name;
  }

  std::string type_;
  std::string text_;
  unsigned count_ = 0;
};

// What a loop does to two values of each lane; a lane gets its next values from the lane `turn` further on.
struct Rounds {
  std::string type;
  unsigned lanes;
  unsigned turn = 0;
};

constexpr char kRotateDeclared[] = "declare i32 @llvm.fshl.i32(i32, i32, i32)\n";

template <typename Step>
std::string loop_of(const Rounds& rounds, Step step) {
  Text body(rounds.type);
  std::vector<std::string> a;
  std::vector<std::string> b;
  for (unsigned i = 0; i < rounds.lanes; ++i) {
    a.push_back(numbered("%a", i));
    b.push_back(numbered("%b", i));
    for (unsigned n = 0; n < kSteps; ++n) step(body, a.back(), b.back());
  }
  std::string phis;
  const auto add_phi = [&](const std::string& name, const std::string& next) {
    phis += "  " + name + " = phi " + rounds.type + " [ %x, %entry ], [ " + next + ", %loop ]\n";
  };
  for (unsigned i = 0; i < rounds.lanes; ++i) {
    const auto from = (i + rounds.turn) % rounds.lanes;
    add_phi(numbered("%a", i), a[from]);
    add_phi(numbered("%b", i), b[from]);
  }
  return "define " + rounds.type + " @f(" + rounds.type + " %x, i32 %count) {\nentry:\n  br label %loop\nloop:\n" +
         phis + "  %i = phi i32 [ 0, %entry ], [ %next, %loop ]\n" + body.str() +
         "  %next = add i32 %i, 1\n  %more = icmp ult i32 %next, %count\n  br i1 %more, label %loop, label %exit\n" +
         "exit:\n  ret " + rounds.type + " " + a[0] + "\n}\n" + kRotateDeclared;
}

void mix(Text& text, std::string& a, std::string& b) { text.mix(a, b); }

// `links` operations, each of which needs the one before, from %x to the name that it returns.
std::string chain(Text& text, unsigned links) {
  std::string value = "%x";
  for (unsigned i = 0; i < links; ++i) value = text.add(i % 2 == 0 ? "add" : "xor", value, "%y");
  return value;
}

std::string straight(unsigned links) {
  Text text("i32");
  const auto result = chain(text, links);
  return "define i32 @f(i32 %x, i32 %y) {\n" + text.str() + "  ret i32 " + result + "\n}\n";
}

// A chain beside a loop; the way there has `weight` of 1000000.
std::string chain_beside_loop(unsigned weight) {
  Text text("i32");
  const auto result = chain(text, 100);
  return "define i32 @f(i32 %x, i32 %y, ptr %p) {\nentry:\n  %is = icmp eq i32 %x, 0\n"
         "  br i1 %is, label %chain, label %loop, !prof !0\nchain:\n" +
         text.str() + "  ret i32 " + result +
         "\nloop:\n  %i = phi i32 [ 0, %entry ], [ %next, %loop ]\n  store volatile i32 %i, ptr %p\n"
         "  %next = add i32 %i, 1\n  %more = icmp ult i32 %next, %y\n  br i1 %more, label %loop, label %exit\n"
         "exit:\n  ret i32 0\n}\n!0 = !{!\"branch_weights\", i32 " +
         std::to_string(weight) + ", i32 " + std::to_string(1'000'000 - weight) + "}\n";
}

}  // namespace

TEST_CASE("rounds of a few lanes side by side wait for their own results") {
  CHECK(is_bound(loop_of({"i32", kLanes}, mix)));
}

TEST_CASE("values that go from lane to lane still wait for each other") {
  // No phi comes of itself in one round.
  CHECK(is_bound(loop_of({"i32", kLanes, 1}, mix)));
}

TEST_CASE("rounds of many lanes keep the processor's units at work") {
  CHECK_FALSE(is_bound(loop_of({"i32", 4 * kLanes}, mix)));
}

TEST_CASE("rounds in vector registers are not of scalar integers") {
  CHECK_FALSE(is_bound(loop_of({"double", kLanes}, [](Text& text, std::string& a, std::string& b) {
    a = text.add("fadd", a, b);
    b = text.add("fmul", b, a);
  })));
  CHECK_FALSE(is_bound(loop_of({"<4 x i32>", 1}, [](Text& text, std::string& a, std::string& b) {
    a = text.add("add", a, b);
    b = text.add("xor", b, a);
  })));
}

TEST_CASE("a chain in straight code counts if it is long") {
  CHECK(is_bound(straight(64)));
  CHECK_FALSE(is_bound(straight(63)));
}

TEST_CASE("a chain counts by how often it runs") {
  CHECK(is_bound(chain_beside_loop(999'000)));
  CHECK_FALSE(is_bound(chain_beside_loop(100)));
}

TEST_CASE("an empty function waits for nothing") { CHECK_FALSE(is_bound("define void @f() {\n  ret void\n}\n")); }

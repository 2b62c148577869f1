// The operator table and the reader over it.
#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>

#include "jit/wasm/operator.hpp"
#include "jit/wasm/operator_table.hpp"
#include "tests/unit/wasm/module_bytes.hpp"

using namespace slack;
using namespace slack::wasm;
using namespace slack::wasm::test;

namespace {

Buffer opcode_of(const OperatorInfo& info) {
  return info.prefix == 0 ? Buffer{info.opcode} : Buffer{info.prefix} + leb(info.opcode);
}

// Immediates that no operator refuses: zeros, but for the two that zero does not encode.
Buffer sample_immediates(const OperatorInfo& info) {
  switch (info.immediates) {
    case Immediates::block:
      return {0x40};
    case Immediates::reference:
      return {0x70};
    case Immediates::select_types:
      return {0x01, 0x7f};
    case Immediates::none:
      return {};
    default:
      return Buffer(16, 0);
  }
}

}  // namespace

TEST_CASE("the table holds all of WebAssembly 2.0, each operator once") {
  std::map<unsigned, unsigned> of_prefix;
  std::set<std::pair<unsigned, unsigned>> opcodes;
  for (const OperatorInfo& info : kOperators) {
    ++of_prefix[info.prefix];
    CHECK(opcodes.emplace(info.prefix, info.opcode).second);
  }
  CHECK(of_prefix[0] == 183);
  CHECK(of_prefix[0xfc] == 18);
  CHECK(of_prefix[0xfd] == 236);
}

TEST_CASE("eight operators are free, all others cost one") {
  std::set<std::string> free;
  for (std::size_t i = 0; i < kOperators.size(); ++i) {
    const auto op = static_cast<Operator>(i);
    CHECK(base_cost_of(op) <= 1);
    if (base_cost_of(op) == 0) free.emplace(name_of(op));
  }
  CHECK(free == std::set<std::string>{"nop", "drop", "block", "loop", "unreachable", "return", "else", "end"});
}

TEST_CASE("access widths and lane counts follow from the names") {
  CHECK(access_bytes_of(Operator::i32_load8_u) == 1);
  CHECK(access_bytes_of(Operator::i64_store32) == 4);
  CHECK(access_bytes_of(Operator::f64_load) == 8);
  CHECK(access_bytes_of(Operator::v128_load) == 16);
  CHECK(access_bytes_of(Operator::v128_load16x4_u) == 8);
  CHECK(access_bytes_of(Operator::v128_load32_zero) == 4);
  CHECK(access_bytes_of(Operator::v128_load64_lane) == 8);
  CHECK(access_bytes_of(Operator::i32_add) == 0);
  CHECK(info_of(Operator::v128_load8_lane).lanes == 16);
  CHECK(info_of(Operator::i8x16_extract_lane_s).lanes == 16);
  CHECK(info_of(Operator::f64x2_replace_lane).lanes == 2);
}

TEST_CASE("every operator reads back as itself, with its offset") {
  for (std::size_t i = 0; i < kOperators.size(); ++i) {
    const Buffer bytes = opcode_of(kOperators[i]) + sample_immediates(kOperators[i]);
    OperatorReader reader(bytes, WasmOffset(1000));
    Instruction instruction;
    INFO(kOperators[i].name);
    REQUIRE(reader.next(instruction));
    CHECK(instruction.op == static_cast<Operator>(i));
    CHECK(instruction.offset == WasmOffset(1000));
  }
}

TEST_CASE("immediates arrive in their fields") {
  const Buffer bytes = {0x28, 0x02, 0x90, 0x01,        // i32.load align=4 offset=144
                        0x41, 0x7f,                    // i32.const -1
                        0x42, 0x7f,                    // i64.const -1
                        0x0e, 0x02, 0x03, 0x04, 0x05,  // br_table 3 4 default 5
                        0x11, 0x06, 0x01,              // call_indirect type 6 table 1
                        0xfc, 0x0e, 0x01, 0x02,        // table.copy 1 from 2
                        0x02, 0x7e,                    // block (result i64)
                        0x02, 0x80, 0x01,              // block (type 128)
                        0xfd, 0x15, 0x0f,              // i8x16.extract_lane_s 15
                        0xfd, 0x54, 0x00, 0x08, 0x03,  // v128.load8_lane offset=8 lane 3
                        0xfd, 0x0c, 1,    0,    0,    0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,  // v128.const
                        0x43, 0x00, 0x00, 0x80, 0x3f};                                        // f32.const 1
  OperatorReader reader(bytes, WasmOffset(0));
  Instruction in;
  REQUIRE(reader.next(in));
  CHECK(in.align == 2);
  CHECK(in.memory_offset == 144);
  REQUIRE(reader.next(in));
  CHECK(in.low == 0xffffffffU);
  REQUIRE(reader.next(in));
  CHECK(in.low == ~std::uint64_t{0});
  REQUIRE(reader.next(in));
  CHECK(in.labels == std::vector<std::uint32_t>{3, 4});
  CHECK(in.index == 5);
  REQUIRE(reader.next(in));
  CHECK(in.index == 6);
  CHECK(in.second == 1);
  REQUIRE(reader.next(in));
  CHECK(in.index == 1);
  CHECK(in.second == 2);
  REQUIRE(reader.next(in));
  CHECK(in.block_type.kind == BlockType::Kind::value);
  CHECK(in.block_type.value == ValueType::i64);
  REQUIRE(reader.next(in));
  CHECK(in.block_type.kind == BlockType::Kind::type_index);
  CHECK(in.block_type.type_index == 128);
  REQUIRE(reader.next(in));
  CHECK(in.lane == 15);
  REQUIRE(reader.next(in));
  CHECK(in.memory_offset == 8);
  CHECK(in.lane == 3);
  REQUIRE(reader.next(in));
  CHECK(in.low == 1);
  CHECK(in.high == 2);
  REQUIRE(reader.next(in));
  CHECK(in.low == 0x3f800000);
  CHECK(reader.at_end());
}

TEST_CASE("opcodes of later proposals are refused by name") {
  const auto reason = [](const Buffer& bytes) {
    OperatorReader reader(bytes, WasmOffset(7));
    Instruction in;
    const auto read = reader.next(in);
    REQUIRE_FALSE(read);
    CHECK(read.error().offset == WasmOffset(7));
    CHECK(read.error().kind == Refusal::Kind::malformed);
    return read.error().reason;
  };
  CHECK(reason({0xff}) == "illegal opcode ff");
  CHECK(reason({0xfe, 0x10}) == "illegal opcode fe (threads, not part of WebAssembly 2.0)");
  CHECK(reason({0x12, 0x00}) == "illegal opcode 12 (tail calls, not part of WebAssembly 2.0)");
  CHECK(reason({0xfd, 0x80, 0x02}) == "illegal opcode fd 100 (relaxed SIMD, not part of WebAssembly 2.0)");
  CHECK(reason({0xfc, 0x12}) == "illegal opcode fc 12");
}

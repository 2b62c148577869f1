// Decodes operators and their immediates.
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "jit/wasm/operator.hpp"
#include "jit/wasm/operator_table.hpp"

namespace slack::wasm {
namespace {

constexpr Operator kNoOperator = Operator::count;
using OpcodeMap = std::array<Operator, 256>;

constexpr OpcodeMap map_of_prefix(std::uint8_t prefix) {
  OpcodeMap map{};
  map.fill(kNoOperator);
  for (std::size_t i = 0; i < kOperators.size(); ++i) {
    if (kOperators[i].prefix == prefix) map[kOperators[i].opcode] = static_cast<Operator>(i);
  }
  return map;
}
constexpr OpcodeMap kPlain = map_of_prefix(0);
constexpr OpcodeMap kMisc = map_of_prefix(0xfc);
constexpr OpcodeMap kVector = map_of_prefix(0xfd);

// Bit 6 of the flags means an explicit memory index in the multi-memory proposal; 2.0 knows alignments below 32 only.
constexpr std::uint32_t kAlignmentFlagsEnd = 32;

// Apart from its callers, which run for every operator of a module, because a std::string costs them registers.
[[gnu::cold, gnu::noinline]] bool refuse(ByteReader& reader, WasmOffset where, const char* reason) {
  return reader.malformed(where, reason);
}

bool read_block_type(ByteReader& reader, BlockType& out) {
  const WasmOffset where = reader.offset();
  std::int64_t code = 0;
  if (!reader.s33(code)) return false;
  if (code >= 0) {
    out = {BlockType::Kind::type_index, ValueType::i32, static_cast<std::uint32_t>(code)};
    return true;
  }
  if (code == -0x40) {
    out = {};
    return true;
  }
  const auto type = static_cast<ValueType>(code & 0x7f);
  if (code < -0x40 || !is_value_type(type)) return refuse(reader, where, "malformed block type");
  out = {BlockType::Kind::value, type, 0};
  return true;
}

bool read_zero(ByteReader& reader, std::uint32_t& out) {
  const WasmOffset where = reader.offset();
  std::uint8_t byte = 0;
  if (!reader.byte(byte)) return false;
  if (byte != 0) return refuse(reader, where, "zero byte expected");
  out = 0;
  return true;
}

bool read_memory_access(ByteReader& reader, Instruction& out) {
  const WasmOffset where = reader.offset();
  if (!reader.u32(out.align)) return false;
  if (out.align >= kAlignmentFlagsEnd) return refuse(reader, where, "malformed memop flags");
  out.index = 0;
  return reader.u32(out.memory_offset);
}

bool read_lane(ByteReader& reader, Instruction& out) {
  std::uint8_t byte = 0;
  if (!reader.byte(byte)) return false;
  out.lane = byte;
  return true;
}

bool read_labels(ByteReader& reader, Instruction& out) {
  std::uint32_t count = 0;
  if (!reader.count(count)) return false;  // one byte a label at least
  out.labels.resize(count);
  for (std::uint32_t& label : out.labels) {
    if (!reader.u32(label)) return false;
  }
  return reader.u32(out.index);
}

[[gnu::cold, gnu::noinline]] bool refuse_arity(ByteReader& reader, WasmOffset where) {
  return reader.fail(Refusal::Kind::invalid, where, "invalid result arity");
}

bool read_select_types(ByteReader& reader, Instruction& out) {
  const WasmOffset where = reader.offset();
  std::uint32_t count = 0;
  if (!reader.count(count)) return false;
  // The format allows a list; validation allows a list of one only, and so nothing longer is worth keeping.
  if (count != 1) return refuse_arity(reader, where);
  out.block_type.kind = BlockType::Kind::value;
  return read_value_type(reader, out.block_type.value);
}

bool read_shuffle(ByteReader& reader, Instruction& out) {
  std::span<const std::uint8_t> lanes;
  if (!reader.bytes(sizeof out.lanes, lanes)) return false;
  std::memcpy(out.lanes, lanes.data(), sizeof out.lanes);
  return true;
}

bool read_immediates(ByteReader& reader, Immediates immediates, Instruction& out) {
  switch (immediates) {
    case Immediates::none:
      return true;
    case Immediates::block:
      return read_block_type(reader, out.block_type);
    case Immediates::label:
    case Immediates::function:
    case Immediates::local:
    case Immediates::global:
    case Immediates::table:
    case Immediates::element:
    case Immediates::data:
      return reader.u32(out.index);
    case Immediates::label_table:
      return read_labels(reader, out);
    case Immediates::indirect:
    case Immediates::two_tables:
    case Immediates::table_init:
      return reader.u32(out.index) && reader.u32(out.second);
    case Immediates::memory_access:
      return read_memory_access(reader, out);
    case Immediates::memory_lane:
      return read_memory_access(reader, out) && read_lane(reader, out);
    case Immediates::memory:
      return read_zero(reader, out.index);
    case Immediates::two_memories:
      return read_zero(reader, out.index) && read_zero(reader, out.second);
    case Immediates::memory_init:
      return reader.u32(out.index) && read_zero(reader, out.second);
    case Immediates::i32_const: {
      std::int32_t value = 0;
      if (!reader.s32(value)) return false;
      out.low = static_cast<std::uint32_t>(value);
      return true;
    }
    case Immediates::i64_const: {
      std::int64_t value = 0;
      if (!reader.s64(value)) return false;
      out.low = static_cast<std::uint64_t>(value);
      return true;
    }
    case Immediates::f32_const:
      return reader.fixed(4, out.low);
    case Immediates::f64_const:
      return reader.fixed(8, out.low);
    case Immediates::v128_const:
      return reader.fixed(8, out.low) && reader.fixed(8, out.high);
    case Immediates::lane:
      return read_lane(reader, out);
    case Immediates::shuffle:
      return read_shuffle(reader, out);
    case Immediates::select_types:
      return read_select_types(reader, out);
    case Immediates::reference:
      out.block_type.kind = BlockType::Kind::value;
      return read_reference_type(reader, out.block_type.value);
  }
  return false;
}

// Which later proposal an opcode comes from, so that the refusal tells what to switch off in the toolchain.
std::string_view proposal_of(std::uint8_t first, std::uint32_t second) {
  if ((first >= 0x06 && first <= 0x0a) || first == 0x18 || first == 0x19 || first == 0x1f) return "exception handling";
  if (first == 0x12 || first == 0x13) return "tail calls";
  if (first == 0x14 || first == 0x15 || (first >= 0xd3 && first <= 0xd6)) return "typed function references";
  if (first == 0xfb) return "garbage collection";
  if (first == 0xfe) return "threads";
  if (first == 0xfd && second >= 0x100 && second < 0x130) return "relaxed SIMD";
  if (first == 0xfc && second >= 19 && second <= 22) return "wide arithmetic";
  return {};
}

[[gnu::cold, gnu::noinline]] bool refuse_opcode(ByteReader& reader, WasmOffset where, std::uint8_t first,
                                                std::uint32_t second) {
  std::string reason = first == 0xfc || first == 0xfd ? fmt::format("illegal opcode {:02x} {:02x}", first, second)
                                                      : fmt::format("illegal opcode {:02x}", first);
  if (const std::string_view proposal = proposal_of(first, second); !proposal.empty()) {
    reason += fmt::format(" ({}, not part of WebAssembly 2.0)", proposal);
  }
  return reader.malformed(where, std::move(reason));
}

}  // namespace

bool read_value_type(ByteReader& reader, ValueType& out) {
  const WasmOffset where = reader.offset();
  std::int64_t code = 0;
  if (!reader.s7(code)) return false;
  out = static_cast<ValueType>(code & 0x7f);
  return is_value_type(out) || refuse(reader, where, "malformed value type");
}

bool read_reference_type(ByteReader& reader, ValueType& out) {
  const WasmOffset where = reader.offset();
  std::int64_t code = 0;
  if (!reader.s7(code)) return false;
  out = static_cast<ValueType>(code & 0x7f);
  return is_reference(out) || refuse(reader, where, "malformed reference type");
}

bool read_operator(ByteReader& reader, Instruction& out) {
  out.offset = reader.offset();
  std::uint8_t first = 0;
  std::uint32_t second = 0;
  if (!reader.byte(first)) return false;
  out.op = kPlain[first];
  if (out.op == kNoOperator) {
    if (first == 0xfc || first == 0xfd) {
      if (!reader.u32(second)) return false;
      const OpcodeMap& map = first == 0xfc ? kMisc : kVector;
      if (second < map.size()) out.op = map[second];
    }
    if (out.op == kNoOperator) return refuse_opcode(reader, out.offset, first, second);
  }
  return read_immediates(reader, info_of(out.op).immediates, out);
}

Checked<void> OperatorReader::next(Instruction& out) {
  if (read(out)) return {};
  return tl::unexpected<Refusal>(reader_.refusal());
}

}  // namespace slack::wasm

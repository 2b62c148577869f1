// The interpreter's memory and table operators.
#include <algorithm>

#include "tests/reference/machine.hpp"

namespace slack::reference {

using wasm::Operator;

namespace {

void require(bool fits, Trap otherwise) {
  if (!fits) throw Trapped{otherwise};
}

// Whether [start, start + length) lies below `size`.
bool fits(std::uint64_t start, std::uint64_t length, std::uint64_t size) { return start + length <= size; }

}  // namespace

template <typename T>
T Machine::load(const wasm::Instruction& instruction) {
  const Memory& memory = *instance().memories[instruction.index];
  const auto address = std::uint64_t{operands_.pop<std::uint32_t>()} + instruction.memory_offset;
  require(fits(address, sizeof(T), memory.size()), Trap::out_of_bounds_memory_access);
  T number;
  std::memcpy(&number, memory.bytes + address, sizeof number);
  return number;
}

template <typename T>
void Machine::store(const wasm::Instruction& instruction, T number) {
  Memory& memory = *instance().memories[instruction.index];
  const auto address = std::uint64_t{operands_.pop<std::uint32_t>()} + instruction.memory_offset;
  require(fits(address, sizeof(T), memory.size()), Trap::out_of_bounds_memory_access);
  std::memcpy(memory.bytes + address, &number, sizeof number);
}

// What is stored as Stored is Number on the stack.
#define LOAD(name, Stored, Number)                                  \
  case Operator::name:                                              \
    operands_.push(static_cast<Number>(load<Stored>(instruction))); \
    return true;
#define STORE(name, Stored)                      \
  case Operator::name:                           \
    store(instruction, operands_.pop<Stored>()); \
    return true;

bool Machine::memory(const wasm::Instruction& instruction) {
  switch (instruction.op) {
    LOAD(i32_load, std::uint32_t, std::uint32_t)
    LOAD(i64_load, std::uint64_t, std::uint64_t)
    LOAD(f32_load, std::uint32_t, std::uint32_t)
    LOAD(f64_load, std::uint64_t, std::uint64_t)
    LOAD(i32_load8_s, std::int8_t, std::int32_t)
    LOAD(i32_load8_u, std::uint8_t, std::uint32_t)
    LOAD(i32_load16_s, std::int16_t, std::int32_t)
    LOAD(i32_load16_u, std::uint16_t, std::uint32_t)
    LOAD(i64_load8_s, std::int8_t, std::int64_t)
    LOAD(i64_load8_u, std::uint8_t, std::uint64_t)
    LOAD(i64_load16_s, std::int16_t, std::int64_t)
    LOAD(i64_load16_u, std::uint16_t, std::uint64_t)
    LOAD(i64_load32_s, std::int32_t, std::int64_t)
    LOAD(i64_load32_u, std::uint32_t, std::uint64_t)
    STORE(i32_store, std::uint32_t)
    STORE(i64_store, std::uint64_t)
    STORE(f32_store, std::uint32_t)
    STORE(f64_store, std::uint64_t)
    STORE(i32_store8, std::uint8_t)
    STORE(i32_store16, std::uint16_t)
    STORE(i64_store8, std::uint8_t)
    STORE(i64_store16, std::uint16_t)
    STORE(i64_store32, std::uint32_t)
    default:
      return false;
  }
}
#undef STORE

// Lanes of one type in memory, of another in the vector.
#define LOAD_EXTENDED(name, From, To)                                                             \
  case Operator::name: {                                                                          \
    const auto from = load<std::array<From, 8 / sizeof(From)>>(instruction);                      \
    Lanes<To> lanes;                                                                              \
    std::ranges::transform(from, lanes.begin(), [](From lane) { return static_cast<To>(lane); }); \
    operands_.push(lanes);                                                                        \
    return true;                                                                                  \
  }
#define LOAD_SPLAT(name, Stored)           \
  case Operator::name: {                   \
    Lanes<Stored> lanes;                   \
    lanes.fill(load<Stored>(instruction)); \
    operands_.push(lanes);                 \
    return true;                           \
  }
#define LOAD_LANE(name, Stored)                          \
  case Operator::name: {                                 \
    auto lanes = operands_.pop<Lanes<Stored>>();         \
    lanes[instruction.lane] = load<Stored>(instruction); \
    operands_.push(lanes);                               \
    return true;                                         \
  }
#define STORE_LANE(name, Stored)                                          \
  case Operator::name:                                                    \
    store(instruction, operands_.pop<Lanes<Stored>>()[instruction.lane]); \
    return true;

bool Machine::vector_memory(const wasm::Instruction& instruction) {
  switch (instruction.op) {
    LOAD(v128_load, Lanes<std::uint64_t>, Lanes<std::uint64_t>)
    LOAD(v128_load32_zero, std::uint32_t, std::uint32_t)
    LOAD(v128_load64_zero, std::uint64_t, std::uint64_t)
    LOAD_EXTENDED(v128_load8x8_s, std::int8_t, std::int16_t)
    LOAD_EXTENDED(v128_load8x8_u, std::uint8_t, std::uint16_t)
    LOAD_EXTENDED(v128_load16x4_s, std::int16_t, std::int32_t)
    LOAD_EXTENDED(v128_load16x4_u, std::uint16_t, std::uint32_t)
    LOAD_EXTENDED(v128_load32x2_s, std::int32_t, std::int64_t)
    LOAD_EXTENDED(v128_load32x2_u, std::uint32_t, std::uint64_t)
    LOAD_SPLAT(v128_load8_splat, std::uint8_t)
    LOAD_SPLAT(v128_load16_splat, std::uint16_t)
    LOAD_SPLAT(v128_load32_splat, std::uint32_t)
    LOAD_SPLAT(v128_load64_splat, std::uint64_t)
    LOAD_LANE(v128_load8_lane, std::uint8_t)
    LOAD_LANE(v128_load16_lane, std::uint16_t)
    LOAD_LANE(v128_load32_lane, std::uint32_t)
    LOAD_LANE(v128_load64_lane, std::uint64_t)
    STORE_LANE(v128_store8_lane, std::uint8_t)
    STORE_LANE(v128_store16_lane, std::uint16_t)
    STORE_LANE(v128_store32_lane, std::uint32_t)
    STORE_LANE(v128_store64_lane, std::uint64_t)
    case Operator::v128_store:
      store(instruction, operands_.pop<Lanes<std::uint64_t>>());
      return true;
    default:
      return false;
  }
}
#undef LOAD
#undef LOAD_EXTENDED
#undef LOAD_SPLAT
#undef LOAD_LANE
#undef STORE_LANE

template <typename Work>
void Machine::by_length(std::uint64_t length, Work work) {
  for (std::uint64_t i = 0; i < length; ++i) {
    work(i);
    fuel_ += 1;
    watch_.pass_host(fuel_);
  }
}

// Three numbers on the stack: where to, where from (or what), how many.
bool Machine::bulk_memory(const wasm::Instruction& instruction) {
  switch (instruction.op) {
    case Operator::memory_size:
      operands_.push(static_cast<std::uint32_t>(instance().memories[instruction.index]->pages));
      return true;
    case Operator::memory_grow: {
      Memory& memory = *instance().memories[instruction.index];
      const auto delta = operands_.pop<std::uint32_t>();
      watch_.pass_host(fuel_);
      const bool grows = memory.pages + delta <= memory.maximum;
      operands_.push(grows ? static_cast<std::uint32_t>(memory.pages) : ~std::uint32_t{0});
      if (!grows) return true;
      memory.pages += delta;
      fuel_ += delta;
      return true;
    }
    case Operator::memory_fill: {
      const auto length = operands_.pop<std::uint32_t>();
      const auto byte = operands_.pop<std::uint8_t>();
      const auto to = operands_.pop<std::uint32_t>();
      Memory& memory = *instance().memories[instruction.index];
      watch_.pass_host(fuel_);
      require(fits(to, length, memory.size()), Trap::out_of_bounds_memory_access);
      by_length(length, [&](std::uint64_t i) { memory.bytes[to + i] = byte; });
      return true;
    }
    case Operator::memory_copy: {
      const auto length = operands_.pop<std::uint32_t>();
      const auto from = operands_.pop<std::uint32_t>();
      const auto to = operands_.pop<std::uint32_t>();
      Memory& target = *instance().memories[instruction.index];
      const Memory& source = *instance().memories[instruction.second];
      watch_.pass_host(fuel_);
      require(fits(to, length, target.size()), Trap::out_of_bounds_memory_access);
      require(fits(from, length, source.size()), Trap::out_of_bounds_memory_access);
      const std::vector<std::uint8_t> copy(source.bytes + from, source.bytes + from + length);
      by_length(length, [&](std::uint64_t i) { target.bytes[to + i] = copy[i]; });
      return true;
    }
    case Operator::memory_init: {
      const auto length = operands_.pop<std::uint32_t>();
      const auto from = operands_.pop<std::uint32_t>();
      const auto to = operands_.pop<std::uint32_t>();
      Memory& memory = *instance().memories[instruction.second];
      const auto& bytes = instance().module.data[instruction.index].bytes;
      watch_.pass_host(fuel_);
      require(fits(from, length, instance().dropped_data[instruction.index] ? 0 : bytes.size()),
              Trap::out_of_bounds_memory_access);
      require(fits(to, length, memory.size()), Trap::out_of_bounds_memory_access);
      by_length(length, [&](std::uint64_t i) { memory.bytes[to + i] = bytes[from + i]; });
      return true;
    }
    case Operator::data_drop:
      watch_.pass_host(fuel_);
      instance().dropped_data[instruction.index] = true;
      return true;
    default:
      return false;
  }
}

bool Machine::table(const wasm::Instruction& instruction) {
  const auto elements_of = [&](std::uint32_t index) -> std::vector<std::uint64_t>& {
    return instance().tables[index]->elements;
  };
  switch (instruction.op) {
    case Operator::table_get: {
      const auto index = operands_.pop<std::uint32_t>();
      require(index < elements_of(instruction.index).size(), Trap::out_of_bounds_table_access);
      operands_.push(elements_of(instruction.index)[index]);
      return true;
    }
    case Operator::table_set: {
      const auto reference = operands_.pop<std::uint64_t>();
      const auto index = operands_.pop<std::uint32_t>();
      require(index < elements_of(instruction.index).size(), Trap::out_of_bounds_table_access);
      elements_of(instruction.index)[index] = reference;
      return true;
    }
    case Operator::table_size:
      operands_.push(static_cast<std::uint32_t>(elements_of(instruction.index).size()));
      return true;
    case Operator::table_grow: {
      const auto delta = operands_.pop<std::uint32_t>();
      const auto reference = operands_.pop<std::uint64_t>();
      auto& elements = elements_of(instruction.index);
      watch_.pass_host(fuel_);
      const bool grows = elements.size() + delta <= instance().tables[instruction.index]->maximum;
      operands_.push(grows ? static_cast<std::uint32_t>(elements.size()) : ~std::uint32_t{0});
      if (grows) by_length(delta, [&](std::uint64_t) { elements.push_back(reference); });
      return true;
    }
    case Operator::table_fill: {
      const auto length = operands_.pop<std::uint32_t>();
      const auto reference = operands_.pop<std::uint64_t>();
      const auto to = operands_.pop<std::uint32_t>();
      auto& elements = elements_of(instruction.index);
      watch_.pass_host(fuel_);
      require(fits(to, length, elements.size()), Trap::out_of_bounds_table_access);
      by_length(length, [&](std::uint64_t i) { elements[to + i] = reference; });
      return true;
    }
    case Operator::table_copy: {
      const auto length = operands_.pop<std::uint32_t>();
      const auto from = operands_.pop<std::uint32_t>();
      const auto to = operands_.pop<std::uint32_t>();
      auto& target = elements_of(instruction.index);
      const auto source = elements_of(instruction.second);  // a copy: they may overlap
      watch_.pass_host(fuel_);
      require(fits(to, length, target.size()), Trap::out_of_bounds_table_access);
      require(fits(from, length, source.size()), Trap::out_of_bounds_table_access);
      by_length(length, [&](std::uint64_t i) { target[to + i] = source[from + i]; });
      return true;
    }
    case Operator::table_init: {
      const auto length = operands_.pop<std::uint32_t>();
      const auto from = operands_.pop<std::uint32_t>();
      const auto to = operands_.pop<std::uint32_t>();
      auto& elements = elements_of(instruction.second);
      const auto references = references_of(instance(), instance().module.elements[instruction.index]);
      watch_.pass_host(fuel_);
      require(fits(from, length, instance().dropped_elements[instruction.index] ? 0 : references.size()),
              Trap::out_of_bounds_table_access);
      require(fits(to, length, elements.size()), Trap::out_of_bounds_table_access);
      by_length(length, [&](std::uint64_t i) { elements[to + i] = references[from + i]; });
      return true;
    }
    case Operator::elem_drop:
      watch_.pass_host(fuel_);
      instance().dropped_elements[instruction.index] = true;
      return true;
    default:
      return false;
  }
}

}  // namespace slack::reference

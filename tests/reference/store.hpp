// Store of the reference interpreter: the specification's instances of modules, functions, tables, memories, globals.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "jit/wasm/module.hpp"
#include "tests/reference/body.hpp"
#include "tests/reference/operands.hpp"

namespace slack::reference {

struct Instance;

struct Function {
  Instance* instance = nullptr;
  std::uint32_t index = 0;
  const wasm::FunctionType* type = nullptr;
  bool is_host = false;  // takes its parameters, does and returns nothing, costs nothing
  Body body;             // read when it is called first
};

// 4 GiB of address space, of which the first pages are the memory; a page that nobody touched takes no room.
class Memory {
 public:
  explicit Memory(wasm::Limits limits);
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory();

  std::uint8_t* bytes = nullptr;
  std::uint64_t pages = 0;
  std::uint64_t maximum = 0;
  [[nodiscard]] std::uint64_t size() const;
};

struct Table {
  std::vector<std::uint64_t>
      elements;  // references: of a function its address here, of a host object any number; 0 null
  std::uint64_t maximum = 0;
};

struct Global {
  wasm::ValueType type = wasm::ValueType::i32;
  Value value{0, 0};
};

struct Instance {
  std::uint32_t slot = 0;  // that slackd has given it
  std::vector<std::uint8_t> bytes;
  wasm::Module module;
  std::vector<Function*> functions;
  std::vector<Table*> tables;
  std::vector<Memory*> memories;
  std::vector<Global*> globals;
  std::vector<bool> dropped_elements;
  std::vector<bool> dropped_data;

  [[nodiscard]] const wasm::Export* find(std::string_view name) const;
};

class Store {
 public:
  // Null: the module is not valid, or it imports what is not there. A module `host` has every function.
  [[nodiscard]] Instance* load(std::vector<std::uint8_t> bytes, std::uint32_t slot);
  void enter(std::string name, Instance& instance) { names_[std::move(name)] = &instance; }
  // Segments, in order; the trap of the first that does not fit.
  [[nodiscard]] std::optional<Trap> initialise(Instance& instance);

 private:
  [[nodiscard]] bool import(Instance& instance, const wasm::Import& wanted);
  void define(Instance& instance);

  std::map<std::string, Instance*, std::less<>> names_;
  std::deque<std::unique_ptr<Instance>> instances_;
  std::deque<Function> functions_;
  std::deque<Table> tables_;
  std::deque<Memory> memories_;
  std::deque<Global> globals_;
};

// The references that an element segment holds.
[[nodiscard]] std::vector<std::uint64_t> references_of(const Instance& instance, const wasm::ElementSegment& segment);
// What instantiation costs beside the start function: wasmtime 50.0.1's figure, worked out from the module.
[[nodiscard]] std::uint64_t instantiation_fuel(const wasm::Module& module);

}  // namespace slack::reference

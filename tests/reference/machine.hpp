// Machine: steps through functions one operator at a time and charges each as it is executed.
//
// Small, slow and plain on purpose: what generated code does and what it says of its fuel is held against this.
#pragma once

#include <optional>
#include <vector>

#include "tests/reference/store.hpp"
#include "tests/reference/watch.hpp"

namespace slack::reference {

struct Ending {
  std::optional<Trap> trap;
  bool unfinished = false;  // it had consumed more than it was given
  std::uint64_t fuel = 0;
  std::vector<Value> values;
};

class Machine {
 public:
  explicit Machine(Watch& watch, std::uint64_t most_fuel) : watch_(watch), most_fuel_(most_fuel) {}

  // Segments and the start function.
  [[nodiscard]] Ending instantiate(Store& store, Instance& instance);
  [[nodiscard]] Ending call(Function& function, const std::vector<Value>& arguments);

 private:
  struct Label {
    std::uint32_t continuation = 0;  // position of the `end`, or of what follows the `loop`
    std::size_t arity = 0;
    std::size_t height = 0;                    // of the operands below what a branch carries
    std::optional<std::uint32_t> loop_offset;  // of the `loop`'s operator
  };
  struct Frame {
    Function* function = nullptr;
    std::uint32_t next = 0;  // position
    std::size_t base = 0;    // of the locals
    std::size_t labels = 0;  // of outer frames
  };

  [[nodiscard]] Ending run(Function& function);
  void step();
  // Each of these: false if `op` is none of its operators.
  [[nodiscard]] bool control(const Step& step);
  [[nodiscard]] bool variable(const wasm::Instruction& instruction);
  [[nodiscard]] bool memory(const wasm::Instruction& instruction);
  [[nodiscard]] bool vector_memory(const wasm::Instruction& instruction);
  [[nodiscard]] bool bulk_memory(const wasm::Instruction& instruction);
  [[nodiscard]] bool table(const wasm::Instruction& instruction);

  void enter(Function& function);
  void leave();
  void call_indirect(const wasm::Instruction& instruction);
  void open(const Step& step, std::optional<std::uint32_t> loop_offset);
  void branch(std::uint32_t depth);
  void pass_loop(std::uint32_t depth);
  void pass(std::uint32_t offset, bool may_park = false);

  template <typename T>
  [[nodiscard]] T load(const wasm::Instruction& instruction);
  template <typename T>
  void store(const wasm::Instruction& instruction, T number);
  // Charges and does one unit of work after the other: bytes or elements.
  template <typename Work>
  void by_length(std::uint64_t length, Work work);

  [[nodiscard]] Instance& instance() { return *frames_.back().function->instance; }

  Watch& watch_;
  std::uint64_t most_fuel_;
  std::uint64_t fuel_ = 0;
  Operands operands_;
  std::vector<Label> labels_;
  std::vector<Frame> frames_;
};

}  // namespace slack::reference

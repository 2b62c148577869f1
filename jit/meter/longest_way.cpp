// The most fuel that one call of a function spends before it polls or returns.
#include "jit/meter/longest_way.hpp"

namespace slack::meter {

void LongestWay::pass(const wasm::Instruction& instruction, std::uint64_t cost) {
  spend(cost);
  const auto end = [&] { longest_.join(ways_.now); };
  ways_.pass(instruction, end, end);
}

}  // namespace slack::meter

// Evaluates a seccomp program without a kernel. Semantics: the Berkeley packet filter paper, and Linux's
// Documentation/userspace-api/seccomp_filter.rst for what a seccomp program may use of it.
#include "tests/unit/sandbox/bpf_interpreter.hpp"

#include <cstring>

namespace slack::sandbox::test {
namespace {

std::optional<bool> compare(std::uint16_t code, std::uint32_t left, std::uint32_t right) {
  switch (BPF_OP(code)) {
    case BPF_JEQ:
      return left == right;
    case BPF_JGT:
      return left > right;
    case BPF_JGE:
      return left >= right;
    case BPF_JSET:
      return (left & right) != 0;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<std::uint32_t> evaluate(std::span<const sock_filter> program, const seccomp_data& data) {
  std::uint32_t accumulator = 0;
  // Jumps only go forward, so every step moves on and the loop ends.
  for (std::size_t at = 0; at < program.size(); ++at) {
    const sock_filter& step = program[at];
    switch (step.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        if (step.k % 4 != 0 || step.k + 4 > sizeof data) return std::nullopt;
        std::memcpy(&accumulator, reinterpret_cast<const char*>(&data) + step.k, 4);
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        accumulator &= step.k;
        break;
      case BPF_JMP | BPF_JA:
        at += step.k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
      case BPF_JMP | BPF_JGT | BPF_K:
      case BPF_JMP | BPF_JGE | BPF_K:
      case BPF_JMP | BPF_JSET | BPF_K: {
        const auto holds = compare(step.code, accumulator, step.k);
        if (!holds) return std::nullopt;
        at += *holds ? step.jt : step.jf;
        break;
      }
      case BPF_RET | BPF_K:
        return step.k;
      default:
        return std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace slack::sandbox::test

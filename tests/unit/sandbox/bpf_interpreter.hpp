// Evaluates a seccomp program without a kernel: the instructions that libseccomp emits, and a fault for any other.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <optional>
#include <span>

namespace slack::sandbox::test {

// The program's return value (SECCOMP_RET_…); nothing if it runs off its end, reads out of bounds or is malformed.
[[nodiscard]] std::optional<std::uint32_t> evaluate(std::span<const sock_filter> program, const seccomp_data& data);

}  // namespace slack::sandbox::test

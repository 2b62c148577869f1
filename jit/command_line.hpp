// The command line of slack-compile.
#pragma once

namespace slack::jit {

// Exit codes (sysexits.h where it has one; 126 is the verdict `refused`).
inline constexpr int kExitUsage = 64;
inline constexpr int kExitUnreadable = 66;
inline constexpr int kExitFault = 70;
inline constexpr int kExitRefused = 126;

[[nodiscard]] int run_command_line(int argc, char** argv);

}  // namespace slack::jit

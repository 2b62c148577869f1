// Entry: how the worker gets onto the module's stack and into generated code, and out of it.
#pragma once

#include <cstdint>

#include "daemon/base/worker_services.hpp"

namespace slack::worker {

struct EntryResult {
  std::uint64_t fuel;  // what the thunk returned
  std::uint64_t left;  // 1: left by slack_leave instead, `fuel` means nothing
};

extern "C" {
// Calls `thunk(fuel, values)` on the stack that ends at `stack_top` (16-byte aligned). One entry at a time.
EntryResult slack_enter(services::Thunk thunk, std::uint64_t fuel, services::Value* values, std::uint64_t stack_top);
// Abandons the module's stack: slack_enter returns with `left` set. From host code running on that stack, or as the
// address that a signal handler resumes at.
[[noreturn]] void slack_leave();
}

}  // namespace slack::worker

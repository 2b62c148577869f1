// SafepointProbe: loads the BPF program and reads what it recorded: the registers of threads parked at the safepoint.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "daemon/base/fault.hpp"

namespace slack::bpf {

// The user registers at a fault. `general` is in x86-64's encoding: rax rcx rdx rbx rsp rbp rsi rdi r8 … r15.
struct Registers {
  std::uint64_t ip = 0;
  std::array<std::uint64_t, 16> general{};
};

// A place in the records' map, held by one watched thread until release().
struct Slot {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;
};

// One record. `sequence` grows with every one: equal sequences are the same fault.
struct Record {
  std::uint64_t sequence = 0;
  Registers registers;
};

// watch, release and detach_if_idle may be called by any thread; read never blocks.
class SafepointProbe {
 public:
  // Loads and verifies the program without attaching it. A fault's text says why this machine cannot (no BTF, no
  // CAP_BPF and CAP_PERFMON, …).
  [[nodiscard]] static Expected<std::unique_ptr<SafepointProbe>> open();
  ~SafepointProbe();
  SafepointProbe(const SafepointProbe&) = delete;
  SafepointProbe& operator=(const SafepointProbe&) = delete;

  // From here on the process's main thread leaves a record when it parks. Attaches the program if it is not: about
  // 0.2 ms, and up to an RCU grace period (5 ms) right after a detach, which is why detaching waits for idle times.
  // ENOENT: the process is dead. ENOSPC: SLACK_SAFEPOINT_SLOTS are watched already.
  [[nodiscard]] Expected<Slot> watch(int pidfd);
  // The process must be dead: the kernel dropped its storage with it, so nobody writes to the slot any more.
  void release(Slot slot);
  // Takes the program off the page-fault path of the machine unless somebody is watched. True: it is off.
  bool detach_if_idle();

  // The slot's last record; nullopt if the thread left none, or is writing it now.
  [[nodiscard]] std::optional<Record> read(Slot slot) const;

  [[nodiscard]] bool attached() const;

 private:
  struct Loaded;
  explicit SafepointProbe(std::unique_ptr<Loaded> loaded);
  std::unique_ptr<Loaded> loaded_;
};

}  // namespace slack::bpf

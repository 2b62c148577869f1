// What slackd and a worker say to each other over the worker's own SOCK_SEQPACKET socket, in the order it happens.
//
//   worker → daemon  Hello{ready}            + its userfaultfd     (after its namespaces, before the first filter)
//   daemon → worker  Start                   + image, brief, stdin, stdout, stderr, linked images…,
//                                             directories…
//   worker → daemon  Hello{prepared}                               (image mapped, second filter in force)
//   daemon → worker  Go
//   worker → daemon  WorkerReport, then it exits
// A worker that cannot go on sends a WorkerReport in place of a Hello. The daemon believes none of it beyond what the
// message is used for: a taken-over worker spoils its own report only.
#pragma once

#include <signal.h>

#include <cstdint>

namespace slack::wire {

inline constexpr std::uint32_t kMaxBacktrace = 32;

enum class Stage : std::uint32_t { ready = 1, prepared = 2 };
struct Hello {
  Stage stage;
};

struct Start {
  // Descriptors after image, brief, stdin, stdout, stderr, in this order:
  std::uint32_t links;  // images of linked modules, of slots 1 and on
  std::uint32_t directories;
};

struct Go {
  std::uint32_t magic;
};
inline constexpr std::uint32_t kGoMagic = 0x676f2121;

// What ends a run whose code checks an epoch (metering `epoch`): the worker's handler sets it, and the next check
// reports the trap `interrupt`. A signal, since whoever may send the kill may send this one too, privileged or not, it
// blocks nobody, it brings the module out of a system call as well, and a run that needs none pays nothing. Writing to
// the worker's memory instead would want the rights of a debugger and wait for locks and pages of a hostile process;
// the safepoint page is sealed against our writing.
inline constexpr int kInterruptSignal = SIGUSR1;

enum class End : std::uint32_t {
  returned = 1,  // the invoked function returned; exit_code 0
  exited,        // proc_exit(exit_code)
  trapped,       // trap, trap_function and either trap_offset or trap_pc are set
  limit,         // `text` names the limit: "output", "memory", …
  refused,       // `text` says why the image cannot run (unknown import, no such function)
  fault,         // `text` says what the worker itself could not do
  misinvoked,    // `text` says which argument does not fit the function that was to be called
};

struct WorkerReport {
  End end;
  std::int32_t exit_code;
  std::uint64_t fuel;       // exact, but at a memory trap: the last published figure
  std::uint32_t trap;       // slack::Trap
  std::uint32_t instance;   // slot of the instance that trapped
  std::uint32_t function;   // Wasm function index, or kUnknown
  std::uint32_t offset;     // byte offset in the .wasm file, or kUnknown: then pc tells
  std::uint32_t has_bench;  // 1: the two figures below are set
  std::uint32_t reserved;
  std::uint64_t pc;          // of a memory trap
  std::uint64_t bench_nsec;  // wall time between bench.start and bench.end
  std::uint64_t bench_fuel;
  std::uint64_t cpu_nsec;                  // CPU time from Go to this report; 0 before Go
  std::uint64_t ended_nsec;                // the moment of this report, monotonic
  std::uint32_t frames;                    // used entries of backtrace
  std::uint32_t text_bytes;                // used bytes of text
  std::uint64_t backtrace[kMaxBacktrace];  // return addresses, innermost first
  char text[512];
};
inline constexpr std::uint32_t kUnknown = 0xffff'ffff;

}  // namespace slack::wire

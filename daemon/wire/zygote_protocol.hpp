// What slackd and its zygotes say to each other: one request, one reply, over a SOCK_SEQPACKET socket.
//
// A zygote introduces itself first, warms up, and says that it is ready, or why it cannot be.
//
// A zygote is started as `PROGRAM --zygote` with that socket at descriptor kZygoteControl; it sends
// ZygoteIntroduction and ZygoteReady once each.
#pragma once

#include <cstdint>

namespace slack::wire {

inline constexpr int kZygoteControl = 3;
inline constexpr char kZygoteArgument[] = "--zygote";

// Zygote → daemon, at once: which build it is. Two zygotes with the same builds hold the same code, libraries included.
struct ZygoteIntroduction {
  std::uint32_t bytes;
  char builds[1020];  // the build ids of the program and its libraries, as many as find room; the program's is first
};

// Zygote → daemon, before the first request is taken: whether it stands in its namespaces.
struct ZygoteReady {
  std::int32_t error;  // errno, 0 for success
  char what[200];      // the step that failed, ended by a zero byte
};

// Daemon → zygote: fork one confined child. Descriptors, in this order: the child's end of its own socket; for a
// worker also the safepoint memfd (one page, SHRINK and GROW sealed).
struct SpawnRequest {
  std::uint64_t memory_bytes;   // RLIMIT_DATA of the child
  std::uint64_t file_bytes;     // RLIMIT_FSIZE
  std::uint64_t cpu_seconds;    // RLIMIT_CPU; 0: none
  std::uint64_t tmpfs_bytes;    // size of the child's private root; 0: an empty one that takes no files
  std::uint64_t address_bytes;  // RLIMIT_AS; 0: none
  std::uint32_t open_files;     // RLIMIT_NOFILE
  std::uint32_t map_uid;        // uid of the child in its user namespace maps to this uid of the zygote's namespace
  std::uint32_t map_gid;
  std::uint32_t threads;  // of the child, its first one included
};

// Zygote → daemon. Descriptor: the child's pidfd, if there is a child (one that could not be confined has to be
// reaped).
struct SpawnReply {
  std::int32_t error;  // errno, 0 for success
  std::int32_t pid;    // in the daemon's pid namespace
  char what[200];      // the step that failed, ended by a zero byte
};

}  // namespace slack::wire

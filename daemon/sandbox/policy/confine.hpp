// Confinement: what turns a freshly cloned process into a sandboxed one, before it has seen anything hostile.
#pragma once

#include "daemon/base/fd.hpp"
#include "daemon/wire/zygote_protocol.hpp"

namespace slack::sandbox {

// What a zygote holds for its children.
struct ZygoteGround {
  Fd proc;  // the root of /proc, O_PATH: no path leads there any more
  Fd null;  // /dev/null
};

// The zygote's own part, once: namespaces, an empty root, no capability. Refuses to go on as root of the machine.
// `control` is its socket to the daemon: it tells whether the daemon still lives.
[[nodiscard]] Expected<ZygoteGround> ground_zygote(int control);

// A child's descriptors after confine_child; 0, 1 and 2 are /dev/null, so that none that comes later is taken for a
// standard stream.
inline constexpr int kChildSocket = 3;
inline constexpr int kChildSafepoint = 4;

// The child's part, in namespaces of its own. `safepoint` is -1 for a compiler. Closes every other descriptor.
[[nodiscard]] Expected<void> confine_child(const ZygoteGround& ground, const wire::SpawnRequest& request, int socket,
                                           int safepoint);

}  // namespace slack::sandbox

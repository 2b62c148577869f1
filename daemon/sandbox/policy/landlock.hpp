// Landlock: closes every path but those below granted directories, for good.
#pragma once

#include <span>

#include "daemon/base/fault.hpp"

namespace slack::sandbox {

struct PathGrant {
  int directory = -1;  // stays the caller's
  bool read_only = false;
};

// The version of Landlock's interface that the kernel speaks; 0: none.
[[nodiscard]] int landlock_abi();

// From here on the calling thread opens, makes, moves and removes files below the granted directories only; nothing is
// ever executed, and no device, socket or pipe made. TCP is closed, and with it abstract sockets and signals outside.
// Where the kernel has no Landlock it does nothing: then the mount namespace and the detached mounts alone hold.
//
// Landlock decides by the directories above a file. One that was handed in as a detached mount has nothing above it, so
// a ruleset without a rule for it would close it: the ruleset can only be made once the directories are there.
[[nodiscard]] Expected<void> restrict_paths(std::span<const PathGrant> grants);

}  // namespace slack::sandbox

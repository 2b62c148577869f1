// Identity: the uid and gid that zygotes and their children run as.
#pragma once

#include <sys/types.h>

#include "daemon/base/fault.hpp"

namespace slack::sandbox {

inline constexpr uid_t kNobody = 65534;
inline constexpr gid_t kNogroup = 65534;
// A user that is nobody else's, so that no other process of the machine can signal a worker (packaging makes it).
inline constexpr char kWorkerUser[] = "slackd-run";

struct Identity {
  uid_t uid = kNobody;
  gid_t gid = kNogroup;
  bool changes = true;  // false: it is the daemon's own, and cannot or need not be another
};

// Of a daemon that may change its uid: kWorkerUser, or nobody where there is no such user; looked up once, so that it
// stays the same for the daemon's life. Both own nothing on the machine. Of any other daemon: its own. Root of the
// machine that may not change its uid is a fault.
[[nodiscard]] Expected<Identity> identity_for_children();

// Takes it, in the process that is to become the child: groups, gid, uid, then no capability is left.
[[nodiscard]] Expected<void> take(const Identity& identity);

}  // namespace slack::sandbox

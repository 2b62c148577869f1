// Directories: a client's directory made fit to be handed to a worker.
#pragma once

#include <sys/types.h>

#include "daemon/base/fd.hpp"
#include "daemon/sandbox/facilities.hpp"

namespace slack::sandbox {

// A client's directory as a worker may use it: a detached mount of it and of what is mounted below (nosuid, nodev,
// noexec, read-only if asked), which has no "..". Privileged, it maps the client's uid and gid to the worker's, so that
// a run can do to it what its client could, and no more. Unprivileged, client and worker are the same uid.
// Privileged, it never waits for the directory's file system; unprivileged, a helper process enters the directory,
// which is slackd's own user's. Faults name the reason (EBADF, ENOTDIR, EACCES, EINVAL where the file system cannot be
// idmapped).
[[nodiscard]] Expected<Fd> hand_in_directory(int directory, uid_t client_uid, gid_t client_gid, bool read_only,
                                             const Facilities& facilities);

}  // namespace slack::sandbox

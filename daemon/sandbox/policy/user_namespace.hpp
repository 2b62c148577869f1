// User namespaces: which one a process is in, and the identity maps of those that slackd makes.
#pragma once

#include <sys/types.h>

#include "daemon/base/fault.hpp"

namespace slack::sandbox {

// `proc` is a descriptor of a proc filesystem's root (O_PATH is enough).

// True if every uid is mapped to itself: no user namespace but the initial one looks like that.
[[nodiscard]] Expected<bool> in_initial_user_namespace(int proc);

// Maps one uid and one gid of the caller's fresh user namespace to themselves in its parent; setgroups is denied.
[[nodiscard]] Expected<void> map_self(int proc, uid_t uid, gid_t gid);

}  // namespace slack::sandbox

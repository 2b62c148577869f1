// Identity: the uid and gid that zygotes and their children run as.
#include "daemon/sandbox/identity.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <unistd.h>

#include <array>

#include "daemon/base/fd.hpp"
#include "daemon/sandbox/policy/capabilities.hpp"
#include "daemon/sandbox/policy/user_namespace.hpp"

namespace slack::sandbox {
namespace {

Identity look_up_worker_user() {
  std::array<char, 4096> buffer;
  passwd entry{};
  passwd* found = nullptr;
  const int error = ::getpwnam_r(kWorkerUser, &entry, buffer.data(), buffer.size(), &found);
  if (error != 0 || found == nullptr || entry.pw_uid == 0 || entry.pw_gid == 0) return Identity{};
  return Identity{entry.pw_uid, entry.pw_gid, true};
}

}  // namespace

Expected<Identity> identity_for_children() {
  const Fd proc(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!proc.valid()) return fail("open /proc");
  const auto initial = in_initial_user_namespace(proc.get());
  if (!initial) return fail(initial.error());
  // Root of another user namespace is somebody ordinary outside: it keeps that identity, for it has no other to take.
  const bool may_change = *initial && has_capability(CAP_SETUID) && has_capability(CAP_SETGID);
  if (may_change) {
    static const Identity worker = look_up_worker_user();
    return worker;
  }
  if (*initial && ::geteuid() == 0)
    return fail(Fault{EPERM, "slackd runs as root but may not change its uid: it needs CAP_SETUID and CAP_SETGID"});
  return Identity{::geteuid(), ::getegid(), false};
}

Expected<void> take(const Identity& identity) {
  if (identity.changes) {
    if (::setgroups(0, nullptr) < 0) return fail("setgroups");
    if (::setresgid(identity.gid, identity.gid, identity.gid) < 0) return fail("setresgid");
    if (::setresuid(identity.uid, identity.uid, identity.uid) < 0) return fail("setresuid");
  }
  return drop_capabilities();
}

}  // namespace slack::sandbox

// User namespaces: which one a process is in, and the identity maps of those that slackd makes.
#include "daemon/sandbox/policy/user_namespace.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>

#include "daemon/base/fd.hpp"

namespace slack::sandbox {
namespace {

Expected<void> write_file(int proc, const char* path, const char* text) {
  const Fd file(::openat(proc, path, O_WRONLY | O_CLOEXEC));
  if (!file.valid()) return fail("open /proc/" + std::string(path));
  const auto length = static_cast<ssize_t>(std::strlen(text));
  if (const ssize_t n = ::write(file.get(), text, static_cast<std::size_t>(length)); n != length)
    return fail("write /proc/" + std::string(path), n < 0 ? errno : EIO);
  return {};
}

}  // namespace

Expected<bool> in_initial_user_namespace(int proc) {
  const Fd file(::openat(proc, "self/uid_map", O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return fail("open /proc/self/uid_map");
  char text[256] = {};
  if (::read(file.get(), text, sizeof text - 1) < 0) return fail("read /proc/self/uid_map");
  unsigned long inside = 1, outside = 1, count = 0;
  const int fields = std::sscanf(text, "%lu %lu %lu", &inside, &outside, &count);
  return fields == 3 && inside == 0 && outside == 0 && count == 0xffff'ffffUL;
}

Expected<void> map_self(int proc, uid_t uid, gid_t gid) {
  char uid_map[64], gid_map[64];
  std::snprintf(uid_map, sizeof uid_map, "%u %u 1\n", uid, uid);
  std::snprintf(gid_map, sizeof gid_map, "%u %u 1\n", gid, gid);
  // The map files of a process that is not dumpable belong to root. For these few writes it has to be; what it shows
  // then is no more than any process of its uid already has.
  if (::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0) return fail("PR_SET_DUMPABLE");
  if (auto done = write_file(proc, "self/setgroups", "deny"); !done) return done;
  if (auto done = write_file(proc, "self/uid_map", uid_map); !done) return done;
  if (auto done = write_file(proc, "self/gid_map", gid_map); !done) return done;
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) return fail("PR_SET_DUMPABLE");
  return {};
}

}  // namespace slack::sandbox

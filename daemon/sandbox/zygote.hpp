// Zygote: the daemon's handle on a running zygote; asks it for confined children.
#pragma once

#include <sys/types.h>

#include <string>

#include "daemon/base/fd.hpp"
#include "daemon/base/units.hpp"
#include "daemon/sandbox/facilities.hpp"

namespace slack::sandbox {

// Limits of one child.
struct ChildLimits {
  Bytes memory;                   // private writable memory
  Bytes file_size;                // longest file it may write
  std::uint64_t cpu_seconds = 0;  // 0: none
  Bytes tmpfs;                    // size of its private root; 0: it can hold no file
  std::uint32_t open_files = 64;
};

// A confined child, not yet reaped. It is the daemon's own child: reap it by its pidfd.
struct Spawned {
  pid_t pid = -1;
  Fd pidfd;
  Fd socket;          // ours, of the pair
  Fd safepoint_page;  // workers only: the memfd, SHRINK and GROW sealed
};

class Zygote {
 public:
  // Starts `program` as a zygote: it drops to an unprivileged uid, enters an empty network namespace and waits.
  // Call from the daemon's main thread: its end is the children's end (PR_SET_PDEATHSIG).
  [[nodiscard]] static Expected<Zygote> launch(const std::string& program, const Facilities& facilities,
                                               bool with_safepoint);

  // Blocks for the time of a clone (about a millisecond). A zygote that died is a fault with EPIPE; launch a new one.
  [[nodiscard]] Expected<Spawned> spawn(const ChildLimits& limits);

  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  Fd control_;
  pid_t pid_ = -1;
  bool with_safepoint_ = false;
  std::uint32_t child_uid_ = 65534;
  std::uint32_t child_gid_ = 65534;
};

// A client's directory as a worker may use it: where the machine can, a detached idmapped mount (nosuid, nodev, noexec)
// that maps the client's uid and gid to the worker's; elsewhere the descriptor as it is. Faults name the reason
// (ENOTDIR, EBADF, EINVAL where the filesystem cannot be idmapped, EACCES).
[[nodiscard]] Expected<Fd> hand_in_directory(int directory, uid_t client_uid, gid_t client_gid, bool read_only,
                                             const Facilities& facilities);

// Per-child control group, where there is one; removed by the destructor after the child has been reaped.
class ChildGroup {
 public:
  ChildGroup() = default;
  [[nodiscard]] static Expected<ChildGroup> create(const Facilities& facilities, const std::string& name, pid_t child,
                                                   Bytes memory);
  ChildGroup(ChildGroup&&) noexcept;
  ChildGroup& operator=(ChildGroup&&) noexcept;
  ~ChildGroup();

 private:
  std::vector<std::string> paths_;
};

}  // namespace slack::sandbox

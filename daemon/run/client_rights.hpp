// ClientRights: a client's rights instead of the daemon's, for one thread and a while.
#pragma once

#include <sys/types.h>

#include "daemon/base/fault.hpp"

namespace slack::run {

struct Identity {
  uid_t uid = 0;
  gid_t gid = 0;
};

// A descriptor can be of a kind that checks who reads or writes (procfs, sysfs, netlink), not who opened it: what is
// done to a client's descriptor is done with the client's rights. A daemon that is not root has no others.
class [[nodiscard]] ClientRights {
 public:
  // For the calling thread alone, which must not be the daemon's first.
  [[nodiscard]] static Expected<ClientRights> take(const Identity& client);
  ClientRights(ClientRights&& other) noexcept;
  ClientRights& operator=(ClientRights&&) = delete;
  ~ClientRights();

 private:
  explicit ClientRights(bool taken) : taken_(taken) {}
  bool taken_;
};

}  // namespace slack::run

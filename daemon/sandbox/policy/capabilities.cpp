// Capabilities: asks for one, gives all of them up for good.
#include "daemon/sandbox/policy/capabilities.hpp"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace slack::sandbox {
bool has_capability(unsigned capability) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2]{};
  if (::syscall(SYS_capget, &header, sets) < 0) return false;
  return (sets[capability / 32].effective & (1u << (capability % 32))) != 0;
}

Expected<void> drop_capabilities() {
  // Both steps below need CAP_SETPCAP; without any capability there is none that an exec could bring back, as
  // no_new_privs is set as well.
  if (has_capability(CAP_SETPCAP)) {
    constexpr unsigned long locked = SECURE_ALL_BITS | SECURE_ALL_LOCKS;
    constexpr unsigned long keep_caps = SECBIT_KEEP_CAPS;
    if (::prctl(PR_SET_SECUREBITS, locked & ~keep_caps, 0, 0, 0) < 0) return fail("lock the securebits");
    for (unsigned long capability = 0;; ++capability) {
      if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) continue;
      if (errno == EINVAL && capability > CAP_AUDIT_READ) break;  // past the kernel's last one
      return fail("drop a capability from the bounding set");
    }
  }
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0) return fail("clear the ambient capabilities");
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[2]{};
  if (::syscall(SYS_capset, &header, none) < 0) return fail("capset");
  return {};
}

}  // namespace slack::sandbox

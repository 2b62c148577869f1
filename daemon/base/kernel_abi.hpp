// Kernel constants that the Linux 6.1 headers of Debian 12 lack; each is probed at start before it is relied upon.
#pragma once

#include <fcntl.h>
#include <linux/userfaultfd.h>

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif
#ifndef UFFD_FEATURE_WP_UNPOPULATED
#define UFFD_FEATURE_WP_UNPOPULATED (1 << 13)
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

namespace slack::kernel_abi {

inline constexpr long kSysMseal = 462;  // Linux 6.10, x86-64

}  // namespace slack::kernel_abi

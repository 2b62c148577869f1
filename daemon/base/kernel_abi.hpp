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

// prctl of Linux 6.3: no mapping becomes executable after it was made, none is writable and executable.
inline constexpr int kPrSetMdwe = 65;
inline constexpr unsigned long kPrMdweRefuseExecGain = 1;

// Landlock as of ABI 6 (Linux 6.12); the members after handled_access_fs came with ABI 4 and 6.
struct LandlockRulesetAttr {
  unsigned long long handled_access_fs;
  unsigned long long handled_access_net;
  unsigned long long scoped;
};
inline constexpr unsigned long long kLandlockFsTruncate = 1ULL << 14;  // ABI 3, Linux 6.2
inline constexpr unsigned long long kLandlockFsIoctlDev = 1ULL << 15;  // ABI 5, Linux 6.10
inline constexpr unsigned long long kLandlockNetBindTcp = 1ULL << 0;   // ABI 4, Linux 6.7
inline constexpr unsigned long long kLandlockNetConnectTcp = 1ULL << 1;
inline constexpr unsigned long long kLandlockScopeAbstractUnixSocket = 1ULL << 0;  // ABI 6, Linux 6.12
inline constexpr unsigned long long kLandlockScopeSignal = 1ULL << 1;

}  // namespace slack::kernel_abi

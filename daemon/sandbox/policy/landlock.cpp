// Landlock: closes every path but those below granted directories, for good.
#include "daemon/sandbox/policy/landlock.hpp"

#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/base/fd.hpp"
#include "daemon/base/kernel_abi.hpp"

namespace slack::sandbox {
namespace {

constexpr std::uint64_t kReading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kWriting = kReading | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                   LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                   LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SYM |
                                   LANDLOCK_ACCESS_FS_REFER | kernel_abi::kLandlockFsTruncate;

// Every access that `abi` can refuse. ABI 1 knows the rights up to MAKE_SYM.
kernel_abi::LandlockRulesetAttr everything(int abi) {
  kernel_abi::LandlockRulesetAttr attributes{};
  attributes.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
  if (abi >= 2) attributes.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
  if (abi >= 3) attributes.handled_access_fs |= kernel_abi::kLandlockFsTruncate;
  if (abi >= 4) attributes.handled_access_net = kernel_abi::kLandlockNetBindTcp | kernel_abi::kLandlockNetConnectTcp;
  if (abi >= 5) attributes.handled_access_fs |= kernel_abi::kLandlockFsIoctlDev;
  if (abi >= 6) attributes.scoped = kernel_abi::kLandlockScopeAbstractUnixSocket | kernel_abi::kLandlockScopeSignal;
  return attributes;
}

}  // namespace

int landlock_abi() {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return abi < 0 ? 0 : static_cast<int>(abi);
}

Expected<void> restrict_paths(std::span<const PathGrant> grants) {
  const int abi = landlock_abi();
  if (abi == 0) return {};
  const kernel_abi::LandlockRulesetAttr attributes = everything(abi);
  // An older kernel takes the longer structure as long as what it does not know is zero.
  const Fd ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
  if (!ruleset.valid()) return fail("make a Landlock ruleset");
  for (const PathGrant& grant : grants) {
    const landlock_path_beneath_attr rule{(grant.read_only ? kReading : kWriting) & attributes.handled_access_fs,
                                          grant.directory};
    if (::syscall(SYS_landlock_add_rule, ruleset.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
      return fail("grant a directory to Landlock");
  }
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) < 0) return fail("enforce a Landlock ruleset");
  return {};
}

}  // namespace slack::sandbox

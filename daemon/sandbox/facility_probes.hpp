// Probes: each tries one thing on this machine for real, in a child process that is gone afterwards.
#pragma once

#include <string>

#include "daemon/base/fault.hpp"

namespace slack::sandbox {

// A fault says why not.
[[nodiscard]] Expected<void> probe_user_namespaces();
[[nodiscard]] Expected<void> probe_userfaultfd();
[[nodiscard]] Expected<void> probe_mseal();
[[nodiscard]] Expected<void> probe_realtime();
[[nodiscard]] Expected<void> probe_idmapped_mounts();
[[nodiscard]] Expected<void> probe_openat2();

}  // namespace slack::sandbox

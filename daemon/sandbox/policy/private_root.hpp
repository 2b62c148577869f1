// PrivateRoot: replaces everything a process sees of the file system by an empty tmpfs.
#pragma once

#include "daemon/base/fault.hpp"
#include "daemon/base/units.hpp"

namespace slack::sandbox {

// Needs a mount namespace and user namespace of the caller's own. The old root is detached; descriptors that are open
// go on working. `size` bounds what files in the new root may hold; 0: it is read-only and stays empty.
[[nodiscard]] Expected<void> enter_private_root(Bytes size);

}  // namespace slack::sandbox

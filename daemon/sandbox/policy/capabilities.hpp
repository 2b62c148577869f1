// Capabilities: asks for one, gives all of them up for good.
#pragma once

#include "daemon/base/fault.hpp"

namespace slack::sandbox {

// Whether the calling thread has it in force. `capability` is a CAP_ number of linux/capability.h.
[[nodiscard]] bool has_capability(unsigned capability);

// Empties the bounding, ambient, inheritable, permitted and effective sets of the calling thread and locks the
// securebits, so that no uid and no exec brings one back. Works without any capability too.
[[nodiscard]] Expected<void> drop_capabilities();

}  // namespace slack::sandbox

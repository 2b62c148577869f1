// Instance: linking an image to its host functions, and instantiating it as the specification says.
#pragma once

#include "daemon/base/units.hpp"
#include "daemon/base/wasm_numbers.hpp"
#include "daemon/worker/stop.hpp"

namespace slack::worker {

// Before the second filter: the context, the tables' reserve, the import slots. `process` has image and header.
[[nodiscard]] Prepared<void> link_instance(bool measure);

// After go: memory and tables of their minimum size, globals, then element and data segments in their order. Traps as
// the specification has them are left in `process.report` (end = trapped) and tell by `false`.
[[nodiscard]] Prepared<bool> instantiate(Bytes memory_limit);

}  // namespace slack::worker

// Instance: linking an image to its host functions, and instantiating it as the specification says.
#pragma once

#include "daemon/base/units.hpp"
#include "daemon/worker/stop.hpp"

namespace slack::worker {

// Address space is reserved for this many elements of each table at the start, since nothing can be mapped later;
// 80 MB each. wasmtime's own default is no limit, browsers allow 10,000,000.
inline constexpr std::uint32_t kMaxTableElements = 10'000'000;

// Before the second filter: the context, the tables' reserve, the import slots. `process` has image and header.
[[nodiscard]] Prepared<void> link_instance(bool measure);

// After go: memory and tables of their minimum size, globals, then element and data segments in their order. Traps as
// the specification has them are left in `process.report` (end = trapped) and tell by `false`.
[[nodiscard]] Prepared<bool> instantiate(Bytes memory_limit);

}  // namespace slack::worker

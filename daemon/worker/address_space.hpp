// The fixed mappings of a worker beside the image: linear memory's reserve, the module's stack, the context.
#pragma once

#include "daemon/base/address_map.hpp"
#include "daemon/base/context.hpp"
#include "daemon/base/fault.hpp"
#include "daemon/base/units.hpp"
#include "daemon/worker/backtrace.hpp"

namespace slack::worker {

inline constexpr std::uint64_t kStackBytes = std::uint64_t{8} << 20;
// Generated code probes every page of a big frame, so one page would do; host code on this stack does not.
inline constexpr std::uint64_t kStackGuardBytes = std::uint64_t{64} << 10;
// What a host function may use of the module's stack; it is entered with at least this much left. The largest user is
// path_rename with two paths of PATH_MAX and what lies below it.
inline constexpr std::uint64_t kHostStackBytes = std::uint64_t{64} << 10;
inline constexpr std::uint64_t kSignalStackBytes = std::uint64_t{64} << 10;

struct ModuleStack {
  AddressRange usable;
  AddressRange guard;
};

// PROT_NONE, to be opened page by page with mprotect.
[[nodiscard]] Expected<void> reserve_memory(std::uint32_t slot);
[[nodiscard]] Expected<ModuleStack> map_stack();
[[nodiscard]] Expected<void> map_signal_stack();
// Zeroed, at the address of the slot. Fails if `size` is more than the slot has room for.
[[nodiscard]] Expected<ContextHead*> map_context(std::uint32_t slot, Bytes size);

}  // namespace slack::worker

// Looks a parked pc up in the safepoint table.
#include "daemon/monitor/park_fuel.hpp"

#include <algorithm>

namespace slack::monitor {

std::optional<Fuel> fuel_at_park(const bpf::Registers& registers, const image::ImageView* image) {
  const std::uint64_t pc = registers.ip;
  if (image != nullptr) {
    if (const auto safepoint = image->safepoint_at(pc)) {
      if (safepoint->fuel_register == image::kImmediate) return Fuel(safepoint->immediate) + Fuel(safepoint->potential);
      if (safepoint->fuel_register >= registers.general.size()) return std::nullopt;
      return Fuel(registers.general[safepoint->fuel_register]) + Fuel(safepoint->potential);
    }
    const auto segments = image->segments();
    const bool in_text = std::any_of(segments.begin(), segments.end(), [pc](const image::Segment& segment) {
      return segment.executable && pc >= segment.address && pc - segment.address < segment.memory_bytes;
    });
    if (in_text) return std::nullopt;
  }
  constexpr std::size_t kRax = 0;
  return Fuel(registers.general[kRax]);
}

}  // namespace slack::monitor

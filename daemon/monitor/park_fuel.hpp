// The exact fuel of a parked thread, from its registers and the image's safepoint table.
#pragma once

#include <optional>

#include "daemon/base/units.hpp"
#include "jit/image/image_view.hpp"
#include "kmod-free-bpf/safepoint_probe.hpp"

namespace slack::monitor {

// nullopt: the pc is in the image and no safepoint of its table. A pc outside the image's text is a safepoint of the
// worker's host code, which stores rax. `image` may be null: then every pc is the host's.
[[nodiscard]] std::optional<Fuel> fuel_at_park(const bpf::Registers& registers, const image::ImageView* image);

}  // namespace slack::monitor

// What instantiation costs beside the start function, as wasmtime 50.0.1 was measured to charge it.
#pragma once

#include "daemon/base/units.hpp"
#include "daemon/worker/image_file.hpp"

namespace slack::worker {

// What wasmtime cannot lay out beforehand is done by a start-up function: one fuel for its entry, one for each global
// that is no numeric constant, one and the length for each segment that it applies, and the length again for a segment
// of expressions. Element segments are laid out beforehand up to the first that cannot be: into an imported table, at
// an offset that is no constant, or of expressions. Data segments all or none; where some are, what globals and
// elements cost is not seen. The start-up function's entry is in services::kStartCallFuel where a start function is.
[[nodiscard]] Fuel instantiation_fuel(const ImageBytes& image, const image::ImageHeader& header);

}  // namespace slack::worker

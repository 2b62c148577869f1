// Conclusions: from what the monitor and the children said to the result that a client gets. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/monitor/monitor.hpp"
#include "daemon/run/early_end.hpp"
#include "daemon/wire/result.hpp"
#include "daemon/wire/run_options.hpp"
#include "jit/image/image_view.hpp"

namespace slack::run {

// What brings code of this metering out of itself before its end.
[[nodiscard]] monitor::Halt halt_of(Metering metering);

// What stands for a run beside its outcome. `image` may be null: then nothing is said about functions and offsets.
struct Evidence {
  RunOptions options;
  std::optional<Micros> compile_time;
  std::string_view cache;  // result key `cache`; empty: it did not come to that
  std::shared_ptr<const image::ImageView> image;
};

[[nodiscard]] RunResult conclude(const monitor::Outcome& outcome, const Evidence& evidence);
[[nodiscard]] RunResult conclude(const EarlyEnd& end, const Evidence& evidence);

// The verdict on a worker that reported its end before it was told to go.
[[nodiscard]] EarlyEnd end_of(const wire::WorkerReport& report);

// Text from a module, a compiler or a worker as it may go over the bus and into logs: valid UTF-8, no control
// characters, at most `most` bytes. What does not fit the form becomes '?'.
[[nodiscard]] std::string printable(std::string_view text, std::size_t most = 1024);

}  // namespace slack::run

// Writes results into bus messages.
#pragma once

#include <systemd/sd-bus.h>

#include "daemon/wire/result.hpp"

namespace slack::bus {

// Appends the result as a{sv}, without the verdict; what is not known is left out. 0 or a negative errno.
[[nodiscard]] int append_result(sd_bus_message* message, const RunResult& result);

}  // namespace slack::bus

// Reads the body of a RunModule call.
#pragma once

#include <systemd/sd-bus.h>

#include <tl/expected.hpp>
#include "daemon/bus/errors.hpp"
#include "daemon/run/request.hpp"

namespace slack::bus {

// The request without its user. What does not fit is refused by an error that names the option or the argument.
[[nodiscard]] tl::expected<run::Request, errors::Refused> read_run_request(sd_bus_message* message);

}  // namespace slack::bus

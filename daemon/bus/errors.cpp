// Builds bus errors.
#include "daemon/bus/errors.hpp"

#include "daemon/run/conclude.hpp"

namespace slack::bus::errors {

int set(sd_bus_error* error, const char* name, std::string_view text) {
  // A client's own words, cut or not, must not make a message that the bus does not carry.
  const int result = sd_bus_error_set(error, name, run::printable(text, 512).c_str());
  return result < 0 ? result : -EIO;
}

}  // namespace slack::bus::errors

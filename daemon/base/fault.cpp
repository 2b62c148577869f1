// Builds the text of faults from errno values.
#include "daemon/base/fault.hpp"

#include <cstring>

namespace slack {

Fault fault_from_errno(std::string_view operation, int error_number) {
  return Fault{error_number, std::string(operation) + ": " + strerrordesc_np(error_number)};
}

}  // namespace slack

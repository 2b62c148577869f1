// What slackctl itself exits with when there is no verdict to pass on; the numbers are those of sysexits.h.
#pragma once

#include <cerrno>

#include "daemon/base/fault.hpp"

namespace slack::client {

inline constexpr int kExitUsage = 64;        // EX_USAGE: the command line is wrong
inline constexpr int kExitNoInput = 66;      // EX_NOINPUT: the module, or a directory for it, cannot be opened
inline constexpr int kExitUnavailable = 69;  // EX_UNAVAILABLE: no slackd, or it went away
inline constexpr int kExitFault = 70;        // EX_SOFTWARE: slackd or slackctl failed

// By the fault's errno value. bus_client.cpp and private_service.cpp give the first three groups; all else is a failure
// of slackd or slackctl.
[[nodiscard]] inline int exit_code_of(const Fault& fault) {
  switch (fault.code) {
    case EINVAL:
      return kExitUsage;
    case EBADF:
      return kExitNoInput;
    case ENOTCONN:
    case ECONNREFUSED:
    case EHOSTDOWN:
      return kExitUnavailable;
    default:
      return kExitFault;
  }
}

}  // namespace slack::client

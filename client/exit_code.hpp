// What slackctl itself exits with when there is no verdict to pass on, and which fault ends in which.
#pragma once

#include <cerrno>
#include <string>

#include "daemon/base/fault.hpp"

namespace slack::client {

// kExitUsage, kExitNoInput and so on.
#define X(name, code, meaning) inline constexpr int kExit##name = code;
#include "client/exit_code.def"
#undef X

// By the fault's errno value. bus_client.cpp and private_service.cpp give the ones named here; all else is a failure of
// slackd or slackctl.
[[nodiscard]] inline int exit_code_of(const Fault& fault) {
  switch (fault.code) {
    case EINVAL:
      return kExitUsage;
    case EBADF:
    case ESRCH:
      return kExitNoInput;
    case ENOTCONN:
    case ECONNREFUSED:
    case EHOSTDOWN:
      return kExitUnavailable;
    case EBUSY:
      return kExitBusy;
    case EPERM:
      return kExitDenied;
    default:
      return kExitFault;
  }
}

// Every exit code of `slackctl run`, verdicts first, a line each: the end of --help.
[[nodiscard]] std::string exit_code_help();

}  // namespace slack::client

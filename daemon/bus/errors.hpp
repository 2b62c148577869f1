// The errors of the bus interface, by name.
#pragma once

#include <systemd/sd-bus.h>

#include <string_view>

#include "daemon/base/fault.hpp"

namespace slack::bus::errors {

inline constexpr char kInvalidOption[] = "org.slackd.Slack1.Error.InvalidOption";
inline constexpr char kInvalidDescriptor[] = "org.slackd.Slack1.Error.InvalidDescriptor";
inline constexpr char kLimitExceeded[] = "org.slackd.Slack1.Error.LimitExceeded";
inline constexpr char kNoSuchRun[] = "org.slackd.Slack1.Error.NoSuchRun";
inline constexpr char kAccessDenied[] = "org.slackd.Slack1.Error.AccessDenied";
inline constexpr char kShuttingDown[] = "org.slackd.Slack1.Error.ShuttingDown";
inline constexpr char kFault[] = "org.slackd.Slack1.Error.Fault";

// Sets `error` and returns what a bus method returns then. The text may hold what a client sent.
int set(sd_bus_error* error, const char* name, std::string_view text);

// A request that cannot be taken: which error, and the sentence.
struct Refused {
  const char* name = kFault;
  std::string text;
};
inline int set(sd_bus_error* error, const Refused& refused) { return set(error, refused.name, refused.text); }

}  // namespace slack::bus::errors

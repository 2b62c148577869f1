// Location: where the cache is to be.
#pragma once

#include <functional>
#include <string>

#include "daemon/base/fault.hpp"

namespace slack::cache {

// The environment, handed in: the value of a variable, empty where it is not set.
using Environment = std::function<std::string(const char* name)>;

// $CACHE_DIRECTORY where systemd gives one; for a private slackd else $XDG_CACHE_HOME/slackd or $HOME/.cache/slackd,
// for a service else /var/cache/slackd. A fault says what is not set.
[[nodiscard]] Expected<std::string> choose_location(bool is_private, const Environment& environment);

}  // namespace slack::cache

// Follows systemd.exec(5) and the XDG base directory specification.
#include "daemon/cache/location.hpp"

namespace slack::cache {

Expected<std::string> choose_location(bool is_private, const Environment& environment) {
  // A list, with colons; the unit asks for one.
  const std::string given = environment("CACHE_DIRECTORY");
  if (const std::string first = given.substr(0, given.find(':')); first.starts_with('/')) return first;
  if (!is_private) return "/var/cache/slackd";
  // Relative paths in it are to be ignored, says the specification.
  if (const std::string base = environment("XDG_CACHE_HOME"); base.starts_with('/')) return base + "/slackd";
  if (const std::string home = environment("HOME"); home.starts_with('/')) return home + "/.cache/slackd";
  return fail(Fault{ENOENT, "neither XDG_CACHE_HOME nor HOME names a folder"});
}

}  // namespace slack::cache

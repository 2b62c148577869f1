// Finds slackd's own programs: in a build tree, where they are installed, or where the environment says.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "daemon/base/fault.hpp"

namespace slack {

enum class Program { slackd, slack_worker, slack_compile };
[[nodiscard]] std::string_view file_name_of(Program program);

// Absolute path of an executable file, the first that exists of: $SLACKD_LIBEXECDIR/NAME (and nothing else if that is
// set), beside the running program, in the Meson build tree that holds the running program, in the libexecdir of the
// build configuration. A fault (ENOENT) names the program, the places looked at and the way out.
[[nodiscard]] Expected<std::string> find_program(Program program);

// The same with the world handed in. `override_directory` is empty where the environment says nothing; `exists` tells
// whether a path names something.
[[nodiscard]] Expected<std::string> find_program(Program program, const std::string& override_directory,
                                                 const std::string& running_program,
                                                 const std::function<bool(const std::string&)>& exists);

}  // namespace slack

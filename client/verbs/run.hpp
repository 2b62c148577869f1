// The verb `slackctl run`.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace slack::client {

// Adds the verb; when it has run, `exit_code` is what slackctl is to exit with. What is returned is to be called when
// the command line turns out to be wrong: whatever --report names then holds no report of an earlier run.
[[nodiscard]] std::function<void()> add_run(CLI::App& app, int& exit_code);

}  // namespace slack::client

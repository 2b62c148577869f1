// The verb `slackctl prune`.
#pragma once

#include <CLI/CLI.hpp>

namespace slack::client {

// Adds the verb; when it has run, `exit_code` is what slackctl is to exit with.
void add_prune(CLI::App& app, int& exit_code);

}  // namespace slack::client

// slackctl: runs WebAssembly modules through slackd, and shows and stops runs.
#include <fcntl.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "client/exit_code.hpp"
#include "client/verbs/list.hpp"
#include "client/verbs/run.hpp"
#include "client/verbs/status.hpp"
#include "client/verbs/stop.hpp"

namespace {

// A standard stream that the caller closed becomes /dev/null, so that no file opened here takes its number.
void hold_standard_streams() {
  int fd = 0;
  do {
    fd = ::open("/dev/null", O_RDWR);
  } while (fd >= 0 && fd <= 2);
  if (fd > 2) ::close(fd);
}

int slackctl(int argc, char** argv) {
  using namespace slack::client;
  CLI::App app("Run untrusted WebAssembly with fuel limits", "slackctl");
  app.set_version_flag("--version", "slackctl " SLACK_VERSION);
  app.require_subcommand(1);
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return std::string("slackctl: ") + error.what() + "; see slackctl --help, slackctl run --help\n";
  });
  int exit_code = 0;
  add_run(app, exit_code);
  add_list(app, exit_code);
  add_stop(app, exit_code);
  add_status(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error) == 0 ? 0 : kExitUsage;
  }
  if (std::fflush(stdout) != 0 && exit_code == 0) {
    std::perror("slackctl: write to standard output");
    exit_code = kExitFault;
  }
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  hold_standard_streams();
  try {
    return slackctl(argc, argv);
  } catch (const std::exception& error) {  // no memory: all else is an Expected
    std::fprintf(stderr, "slackctl: %s\n", error.what());
    return slack::client::kExitFault;
  }
}

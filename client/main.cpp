// slackctl: runs WebAssembly modules through slackd, and shows and stops runs.
#include <fcntl.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>

#include "client/exit_code.hpp"
#include "client/format.hpp"
#include "client/verbs/list.hpp"
#include "client/verbs/prune.hpp"
#include "client/verbs/run.hpp"
#include "client/verbs/status.hpp"
#include "client/verbs/stop.hpp"

namespace {

// A standard stream that the caller closed becomes /dev/null, so that no file opened here takes its number. Open for
// reading only: what would be written there is lost, and must not seem to be written.
void hold_standard_streams() {
  int fd = 0;
  do {
    fd = ::open("/dev/null", O_RDONLY);
  } while (fd >= 0 && fd <= 2);
  if (fd > 2) ::close(fd);
}

// What is wrong with the word where a verb should be; empty if nothing is. CLI11 would only say that one is required.
std::string complaint_about_verb(const CLI::App& app, int argc, char** argv) {
  std::string verbs;
  for (const CLI::App* verb : app.get_subcommands(std::function<bool(const CLI::App*)>())) {
    if (argc > 1 && verb->get_name() == argv[1]) return "";
    verbs += (verbs.empty() ? "" : ", ") + verb->get_name();
  }
  if (argc < 2) return "a verb is missing: " + verbs;
  const std::string word = slack::client::printable(argv[1]);
  if (word == "-h" || word == "--help" || word == "--version") return "";
  if (word.starts_with('-')) return "unknown option " + word + "; options of a verb follow it";
  if (word.ends_with(".wasm")) return "'" + word + "' is no verb; to run that module: slackctl run " + word;
  return "'" + word + "' is no verb; there are: " + verbs;
}

int slackctl(int argc, char** argv) {
  using namespace slack::client;
  CLI::App app("Run untrusted WebAssembly with fuel limits", "slackctl");
  app.set_version_flag("--version", "slackctl " SLACK_VERSION);
  app.require_subcommand(1);
  app.footer(exit_code_help());
  app.failure_message([](const CLI::App* whole, const CLI::Error& error) {
    const auto verbs = whole->get_subcommands();
    const std::string verb = verbs.empty() ? "" : " " + verbs.front()->get_name();
    std::string what = printable(error.what());
    // "--fuel: 1 required FUEL missing": every other number of values is dealt with by the option itself.
    if (error.get_name() == "ArgumentMismatch") what = what.substr(0, what.find(':')) + " needs a value";
    return fmt::format("slackctl{}: {}; see slackctl{} --help\n", verb, what, verb);
  });
  int exit_code = 0;
  const auto drop_report = add_run(app, exit_code);
  add_list(app, exit_code);
  add_stop(app, exit_code);
  add_prune(app, exit_code);
  add_status(app, exit_code);
  if (const std::string complaint = complaint_about_verb(app, argc, argv); !complaint.empty()) {
    fmt::print(stderr, "slackctl: {}; see slackctl --help\n", complaint);
    return kExitUsage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error) == 0 ? 0 : kExitUsage;
    if (exit_code != 0) drop_report();
  }
  // What was flushed before, as by a full buffer, may have failed before, with a reason that nobody kept.
  const bool written = std::ferror(stdout) == 0;
  const bool flushed = std::fflush(stdout) == 0;
  if ((!written || !flushed) && exit_code == 0) {
    if (flushed)
      std::fputs("slackctl: standard output cannot be written\n", stderr);
    else
      std::perror("slackctl: write to standard output");
    exit_code = kExitOutput;
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

// `slackctl stop RUN`: ends a run of the system service.
#include "client/verbs/stop.hpp"

#include <charconv>
#include <memory>
#include <string_view>

#include "client/bus_client.hpp"
#include "client/exit_code.hpp"
#include "client/format.hpp"
#include "client/verbs/verb.hpp"

namespace slack::client {
namespace {

// The object path of a run that is named by its number or by that path; empty if it is neither.
std::string path_of(std::string_view run) {
  const std::string prefix = std::string(kManagerPath) + "/run/";
  if (run.starts_with(prefix)) run.remove_prefix(prefix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(run.data(), run.data() + run.size(), number);
  return error == std::errc() && end == run.data() + run.size() ? prefix + std::to_string(number) : "";
}

int stop(const std::string& run) {
  const std::string path = path_of(run);
  if (path.empty())
    return end_with(Fault{EINVAL, "'" + printable(run) + "' is no run: write the number that `slackctl list` shows"});
  auto client = BusClient::connect(Service::system_runs);
  if (!client) return end_with(client.error());
  const auto stopped = client->stop(path);
  return stopped ? 0 : end_with(stopped.error());
}

}  // namespace

void add_stop(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("stop", "Stop a run of the slackd service: its verdict is killed");
  auto run = std::make_shared<std::string>();
  verb->add_option("RUN", *run, "Number of the run, as `slackctl list` shows it, or its object path");
  verb->callback([&exit_code, run] {
    if (run->empty()) throw CLI::RequiredError("RUN, the number of a run,");
    exit_code = stop(*run);
  });
}

}  // namespace slack::client

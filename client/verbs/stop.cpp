// `slackctl stop RUN`: ends a run of the system service.
#include "client/verbs/stop.hpp"

#include <memory>

#include "client/bus_client.hpp"
#include "client/exit_code.hpp"
#include "client/verbs/verb.hpp"

namespace slack::client {
namespace {

int stop(const std::string& run) {
  const bool number = !run.empty() && run.find_first_not_of("0123456789") == std::string::npos;
  const std::string path = number ? std::string(kManagerPath) + "/run/" + run : run;
  if (sd_bus_object_path_is_valid(path.c_str()) <= 0)
    return end_with(Fault{EINVAL, "'" + run + "' is no run: write the number that `slackctl list` shows"});
  auto client = BusClient::connect(Service::system);
  if (!client) return end_with(client.error());
  const auto stopped = client->stop(path);
  return stopped ? 0 : end_with(stopped.error());
}

}  // namespace

void add_stop(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("stop", "Stop a run of the slackd service: its verdict is killed");
  auto run = std::make_shared<std::string>();
  verb->add_option("RUN", *run, "Number of the run, as `slackctl list` shows it, or its object path")->required();
  verb->callback([&exit_code, run] { exit_code = stop(*run); });
}

}  // namespace slack::client

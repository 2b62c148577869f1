// `slackctl list`: the live runs of the system service.
#include "client/verbs/list.hpp"

#include <pwd.h>

#include <cstdio>

#include "client/bus_client.hpp"
#include "client/format.hpp"
#include "client/verbs/verb.hpp"

namespace slack::client {
namespace {

std::string user_name(std::uint32_t uid) {
  const passwd* entry = ::getpwuid(uid);
  return entry != nullptr ? entry->pw_name : std::to_string(uid);
}

int list() {
  // A private slackd has no runs but its own slackctl's: there is nothing to list but the service's.
  auto client = BusClient::connect(Service::system_runs);
  if (!client) return end_with(client.error());
  const auto runs = client->list_runs();
  if (!runs) return end_with(runs.error());
  std::vector<std::vector<std::string>> rows{{"RUN", "NAME", "STATE", "FUEL", "LIMIT", "USER"}};
  for (const auto& run : *runs) {
    rows.push_back({run.path.substr(run.path.rfind('/') + 1), printable(run.name), run.state,
                    grouped(run.consumed.count()), fuel_limit_text(run.limit), user_name(run.uid)});
  }
  std::fputs(table_text(rows).c_str(), stdout);
  return 0;
}

}  // namespace

void add_list(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("list", "List the live runs of the slackd service");
  verb->callback([&exit_code] { exit_code = list(); });
}

}  // namespace slack::client

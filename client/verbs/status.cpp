// `slackctl status`: what this machine offers slackd, and what is used instead where it is lacking.
#include "client/verbs/status.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "client/bus_client.hpp"
#include "client/format.hpp"
#include "client/verbs/verb.hpp"

namespace slack::client {
namespace {

int status(Service service) {
  auto client = BusClient::connect(service);
  if (!client) return end_with(client.error());
  const auto answer = client->status();
  if (!answer) return end_with(answer.error());
  std::vector<std::vector<std::string>> rows{{"FACILITY", "AVAILABLE", "IN USE"}};
  for (const auto& facility : answer->facilities)
    rows.push_back({printable(facility.name), facility.available ? "yes" : "no", printable(facility.in_use)});
  fmt::print("slackd {}, {}, {} live run{}\n\n{}", printable(answer->version),
             client->is_private() ? "private (as `slackctl run --private` starts it)" : "system service",
             answer->live_runs, answer->live_runs == 1 ? "" : "s", table_text(rows));
  return 0;
}

}  // namespace

void add_status(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("status", "Show what this machine offers slackd and what is in use");
  auto service = std::make_shared<Service>(Service::automatic);
  add_service_flags(*verb, *service);
  verb->callback([&exit_code, service] { exit_code = status(*service); });
}

}  // namespace slack::client

// `slackctl prune`: removes what slackd keeps for this user: compiled images, and the objects of finished runs.
#include "client/verbs/prune.hpp"

#include <fmt/format.h>

#include <memory>

#include "client/bus_client.hpp"
#include "client/verbs/verb.hpp"

namespace slack::client {
namespace {

int prune(Service service) {
  auto client = BusClient::connect(service);
  if (!client) return end_with(client.error());
  const auto pruned = client->prune();
  if (!pruned) return end_with(pruned.error());
  fmt::print("removed {} compiled image{} and {} finished run{}\n", pruned->images, pruned->images == 1 ? "" : "s",
             pruned->runs, pruned->runs == 1 ? "" : "s");
  return 0;
}

}  // namespace

void add_prune(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("prune", "Remove the user's compiled images and finished runs (root: everybody's)");
  auto service = std::make_shared<Service>(Service::automatic);
  add_service_flags(*verb, *service);
  verb->callback([&exit_code, service] { exit_code = prune(*service); });
}

}  // namespace slack::client

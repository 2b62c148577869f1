// One run, from the call of RunModule to RunFinished, with Ctrl-C as Stop.
#pragma once

#include "client/bus_client.hpp"
#include "client/request.hpp"
#include "daemon/wire/result.hpp"

namespace slack::client {

// Takes SIGINT, SIGTERM and SIGHUP while it lasts, but not those that the caller has ignored (nohup): the first one
// stops the run (the verdict, killed, is then the result), the second one ends slackctl at once with 128 + its number,
// also after this has returned.
[[nodiscard]] Expected<RunResult> run_to_its_end(BusClient& client, const RunRequest& request);

}  // namespace slack::client

// What the verbs of slackctl share: the choice of service, and how a fault ends the program.
#pragma once

#include <CLI/CLI.hpp>

#include "client/bus_client.hpp"

namespace slack::client {

// Adds --private and --system, which exclude each other.
void add_service_flags(CLI::App& verb, Service& service);

// Writes the fault to stderr and gives the exit code for it.
[[nodiscard]] int end_with(const Fault& fault);

}  // namespace slack::client

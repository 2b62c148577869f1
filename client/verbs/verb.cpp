// What the verbs of slackctl share.
#include "client/verbs/verb.hpp"

#include <cstdio>

#include "client/exit_code.hpp"
#include "client/format.hpp"

namespace slack::client {

void add_service_flags(CLI::App& verb, Service& service) {
  auto* own = verb.add_flag_callback(
      "--private", [&service] { service = Service::own; }, "Use a slackd of slackctl's own, which ends with it");
  auto* system = verb.add_flag_callback(
      "--system", [&service] { service = Service::system; }, "Use the slackd service on the system bus, or fail");
  own->excludes(system);
}

int end_with(const Fault& fault) {
  // Names of files and words of slackd can stand in it.
  std::fprintf(stderr, "slackctl: %s\n", printable(fault.what).c_str());
  return exit_code_of(fault);
}

}  // namespace slack::client

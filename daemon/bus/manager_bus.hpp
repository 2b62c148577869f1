// ManagerBus: the object /org/slackd/Slack1.
#pragma once

#include <functional>

#include "daemon/bus/callers.hpp"
#include "daemon/bus/run_bus.hpp"
#include "daemon/run/run_table.hpp"
#include "daemon/sandbox/facilities.hpp"

namespace slack::bus {

class ManagerBus {
 public:
  using Facilities = std::function<std::vector<sandbox::Facility>()>;
  ManagerBus(sd_bus* bus, Callers& callers, run::RunTable& table, RunBus& runs, Facilities facilities);
  [[nodiscard]] Expected<void> expose();

  static const sd_bus_vtable kVtable[];

 private:
  static int run_module(sd_bus_message* message, void* userdata, sd_bus_error* error);
  static int list_runs(sd_bus_message* message, void* userdata, sd_bus_error* error);
  static int get_status(sd_bus_message* message, void* userdata, sd_bus_error* error);
  static int prune(sd_bus_message* message, void* userdata, sd_bus_error* error);

  // Answers GetStatus once the cache has told its part.
  int reply_status(sd_bus_message* call, const run::ImageCache::Status& cache);

  sd_bus* bus_;
  Callers& callers_;
  run::RunTable& table_;
  RunBus& runs_;
  Facilities facilities_;
  Slot object_;
};

}  // namespace slack::bus

// RunBus: the objects /org/slackd/Slack1/run/N, and who hears of each run's end.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "daemon/bus/authority.hpp"
#include "daemon/bus/callers.hpp"
#include "daemon/bus/journal.hpp"
#include "daemon/run/run_table.hpp"

namespace slack::bus {

[[nodiscard]] std::string path_of(run::RunId run);

class RunBus final : public run::TableObserver {
 public:
  // `idle` is called when no run lives and no child is left.
  RunBus(sd_bus* bus, Callers& callers, const Journal& journal, std::function<void()> idle);
  [[nodiscard]] Expected<void> expose(run::RunTable& table);

  // `client` hears of the run's end; its leaving ends the run unless it is detached.
  void add(run::RunId run, const Caller& client, bool detached);
  void client_left(const std::string& name);

  void run_changed(const run::Run& run) override;
  void run_finished(const run::Run& run) override;
  void run_removed(run::RunId run) override;
  void all_gone() override { idle_(); }

  static const sd_bus_vtable kVtable[];

 private:
  struct Client {
    std::string name;
    bool detached = false;
    bool present = true;
  };
  static int find(sd_bus* bus, const char* path, const char* interface, void* userdata, void** found,
                  sd_bus_error* error);
  static int enumerate(sd_bus* bus, const char* prefix, void* userdata, char*** nodes, sd_bus_error* error);
  static int stop(sd_bus_message* message, void* userdata, sd_bus_error* error);
  static int get(sd_bus* bus, const char* path, const char* interface, const char* property, sd_bus_message* reply,
                 void* userdata, sd_bus_error* error);
  int stop(run::RunId run, sd_bus_message* message, sd_bus_error* error);
  // By what the caller is to the run: kStoppedByClient, "stopped by root", "stopped by user 1000".
  [[nodiscard]] std::string reason_of_stop(const Caller& caller, run::RunId run) const;

  sd_bus* bus_;
  Callers& callers_;
  const Journal& journal_;
  std::function<void()> idle_;
  Authority authority_;
  run::RunTable* table_ = nullptr;
  std::map<run::RunId, Client> clients_;
  Slot objects_;
  Slot nodes_;
};

}  // namespace slack::bus

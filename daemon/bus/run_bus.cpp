// Serves run objects from the table of runs.
#include "daemon/bus/run_bus.hpp"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "daemon/bus/errors.hpp"
#include "daemon/bus/result_message.hpp"
#include "daemon/wire/verdict.hpp"

namespace slack::bus {
namespace {

// N of /org/slackd/Slack1/run/N, as path_of writes it.
std::optional<run::RunId> run_of(std::string_view path) {
  const std::string_view prefix(kRunPrefix);
  if (!path.starts_with(prefix) || path.size() <= prefix.size() + 1 || path[prefix.size()] != '/') return std::nullopt;
  const std::string_view number = path.substr(prefix.size() + 1);
  run::RunId run = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), run);
  if (error != std::errc() || end != number.data() + number.size() || path_of(run) != path) return std::nullopt;
  return run;
}

std::uint64_t fuel_of(const run::Run& run) { return run.fuel_consumed().value_or(Fuel(0)).count(); }

}  // namespace

std::string path_of(run::RunId run) { return std::string(kRunPrefix) + "/" + std::to_string(run); }

// The normative text is packaging/dbus/org.slackd.Slack1.xml; a test compares them.
const sd_bus_vtable RunBus::kVtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD_WITH_ARGS("Stop", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, RunBus::stop, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_PROPERTY("Name", "s", RunBus::get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("State", "s", RunBus::get, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Verdict", "s", RunBus::get, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_PROPERTY("Result", "a{sv}", RunBus::get, 0, SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION),
    SD_BUS_PROPERTY("FuelConsumed", "t", RunBus::get, 0, 0),
    SD_BUS_PROPERTY("FuelLimit", "t", RunBus::get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Uid", "u", RunBus::get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_VTABLE_END};

RunBus::RunBus(sd_bus* bus, Callers& callers, const Journal& journal, std::function<void()> idle)
    : bus_(bus), callers_(callers), journal_(journal), idle_(std::move(idle)), authority_(bus) {}

Expected<void> RunBus::expose(run::RunTable& table) {
  table_ = &table;
  sd_bus_slot* slot = nullptr;
  int result = sd_bus_add_fallback_vtable(bus_, &slot, kRunPrefix, kRunInterface, kVtable, find, this);
  objects_.reset(slot);
  slot = nullptr;
  if (result >= 0) result = sd_bus_add_node_enumerator(bus_, &slot, kRunPrefix, enumerate, this);
  nodes_.reset(slot);
  if (result < 0) return bus_fault("expose the run objects", result);
  return {};
}

int RunBus::find(sd_bus*, const char* path, const char*, void* userdata, void** found, sd_bus_error* error) {
  auto* self = static_cast<RunBus*>(userdata);
  const std::string_view place(path);
  if (place == kRunPrefix) return 0;  // the folder of the runs, not one of them
  const auto run = run_of(place);
  if (!run)
    return errors::set(error, errors::kNoSuchRun,
                       "'" + std::string(place) + "' is no run: " + kRunPrefix + "/N is, N in decimal");
  if (self->table_->find(*run) == nullptr)
    return errors::set(error, errors::kNoSuchRun, "there is no run " + std::to_string(*run) + " (any more)");
  *found = self;
  return 1;
}

int RunBus::enumerate(sd_bus*, const char*, void* userdata, char*** nodes, sd_bus_error*) {
  const auto live = static_cast<RunBus*>(userdata)->table_->live();
  auto** list = static_cast<char**>(std::calloc(live.size() + 1, sizeof(char*)));
  if (list == nullptr) return -ENOMEM;
  for (std::size_t i = 0; i < live.size(); ++i) list[i] = ::strdup(path_of(live[i]->id()).c_str());
  *nodes = list;
  return 1;
}

int RunBus::get(sd_bus*, const char* path, const char*, const char* property, sd_bus_message* reply, void* userdata,
                sd_bus_error*) {
  auto* self = static_cast<RunBus*>(userdata);
  const auto id = run_of(path);
  const run::Run* run = id ? self->table_->find(*id) : nullptr;
  if (run == nullptr) return -ENOENT;
  const std::string_view name(property);
  const bool finished = run->state() == run::State::finished;
  if (name == "Name") return sd_bus_message_append(reply, "s", run->options().name.c_str());
  if (name == "State") return sd_bus_message_append(reply, "s", std::string(run::name_of(run->state())).c_str());
  if (name == "Verdict")
    return sd_bus_message_append(reply, "s", finished ? std::string(name_of(run->result().verdict)).c_str() : "");
  if (name == "Result") return append_result(reply, finished ? run->result() : RunResult{});
  if (name == "FuelConsumed") return sd_bus_message_append(reply, "t", fuel_of(*run));
  if (name == "FuelLimit") return sd_bus_message_append(reply, "t", run->options().fuel.count());
  return sd_bus_message_append(reply, "u", static_cast<std::uint32_t>(run->uid()));
}

int RunBus::stop(sd_bus_message* message, void* userdata, sd_bus_error* error) {
  const auto run = run_of(sd_bus_message_get_path(message));
  return run ? static_cast<RunBus*>(userdata)->stop(*run, message, error) : -ENOENT;
}

int RunBus::stop(run::RunId id, sd_bus_message* message, sd_bus_error* error) {
  const auto caller = callers_.who(message);
  if (!caller) return errors::set(error, errors::kFault, caller.error().what);
  run::Run* run = table_->find(id);
  if (run == nullptr) return errors::set(error, errors::kNoSuchRun, "there is no run " + std::to_string(id));
  const std::string by = reason_of_stop(*caller, id);
  if (callers_.peer_to_peer() || caller->uid == 0 || caller->uid == run->uid()) {
    run->stop(by);
    return sd_bus_reply_method_return(message, nullptr);
  }
  const auto call = std::shared_ptr<sd_bus_message>(sd_bus_message_ref(message), sd_bus_message_unref);
  const auto asked = authority_.ask(message, kStopRunAction, [this, id, by, call](bool yes) {
    // The run may have ended while somebody thought about it.
    run::Run* wanted = table_->find(id);
    if (!yes) {
      (void)sd_bus_reply_method_errorf(call.get(), errors::kAccessDenied, "run %llu belongs to another user",
                                       static_cast<unsigned long long>(id));
      return;
    }
    if (wanted != nullptr) wanted->stop(by);
    (void)sd_bus_reply_method_return(call.get(), nullptr);
  });
  if (!asked) return errors::set(error, errors::kAccessDenied, asked.error().what);
  return 1;
}

std::string RunBus::reason_of_stop(const Caller& caller, run::RunId run) const {
  const auto client = clients_.find(run);
  if (client != clients_.end() && client->second.present && client->second.name == caller.name)
    return std::string(kStoppedByClient);
  return caller.uid == 0 ? "stopped by root" : "stopped by user " + std::to_string(caller.uid);
}

void RunBus::add(run::RunId run, const Caller& client, bool detached) {
  clients_[run] = Client{client.name, detached, true};
}

void RunBus::client_left(const std::string& name) {
  std::vector<run::RunId> theirs;
  for (auto& [id, client] : clients_) {
    if (client.name != name || !client.present) continue;
    client.present = false;
    if (!client.detached) theirs.push_back(id);
  }
  for (const run::RunId id : theirs) {
    if (run::Run* run = table_->find(id)) run->stop("its client left");
    table_->forget(id);
  }
}

void RunBus::run_changed(const run::Run& run) {
  const std::string path = path_of(run.id());
  // Nobody can be helped if it fails: a full queue means a client that does not read.
  if (run.state() == run::State::finished)
    (void)sd_bus_emit_properties_changed(bus_, path.c_str(), kRunInterface, "State", "Verdict", "Result", nullptr);
  else
    (void)sd_bus_emit_properties_changed(bus_, path.c_str(), kRunInterface, "State", nullptr);
}

void RunBus::run_finished(const run::Run& run) {
  journal_.run_ended(run);
  const auto client = clients_.find(run.id());
  if (client == clients_.end() || !client->second.present) return;
  sd_bus_message* raw = nullptr;
  int result = sd_bus_message_new_signal(bus_, &raw, kManagerPath, kManagerInterface, "RunFinished");
  const Message signal(raw);
  if (result >= 0)
    result =
        sd_bus_message_append(raw, "os", path_of(run.id()).c_str(), std::string(name_of(run.result().verdict)).c_str());
  if (result >= 0) result = append_result(raw, run.result());
  const std::string& name = client->second.name;
  if (result >= 0 && !name.empty()) result = sd_bus_message_set_destination(raw, name.c_str());
  if (result >= 0) result = sd_bus_send(bus_, raw, nullptr);
  if (result < 0 && result != -ENOTCONN)
    journal_.notice(fault_from_errno("tell the client of run " + std::to_string(run.id()) + " its end", -result).what);
}

void RunBus::run_removed(run::RunId run) { clients_.erase(run); }

}  // namespace slack::bus

// Serves the manager's methods.
#include "daemon/bus/manager_bus.hpp"

#include <utility>

#include "daemon/bus/errors.hpp"
#include "daemon/bus/run_request.hpp"

namespace slack::bus {
namespace {

const char* name_of(run::RunTable::Refusal::Why why) {
  switch (why) {
    case run::RunTable::Refusal::Why::option:
      return errors::kInvalidOption;
    case run::RunTable::Refusal::Why::limit:
      return errors::kLimitExceeded;
    case run::RunTable::Refusal::Why::directory:
      return errors::kInvalidDescriptor;
    case run::RunTable::Refusal::Why::shutting_down:
      return errors::kShuttingDown;
  }
  return errors::kFault;
}

// The answer to a call whose method has returned.
void reply_fault(sd_bus_message* call, const Fault& fault) {
  const char* const name = fault.code == EAGAIN ? errors::kLimitExceeded : errors::kFault;
  sd_bus_error error = SD_BUS_ERROR_NULL;
  (void)errors::set(&error, name, fault.what);
  (void)sd_bus_reply_method_error(call, &error);
  sd_bus_error_free(&error);
}

}  // namespace

// The normative text is packaging/dbus/org.slackd.Slack1.xml; a test compares them.
const sd_bus_vtable ManagerBus::kVtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD_WITH_ARGS("RunModule", SD_BUS_ARGS("h", module, "as", arguments, "a{sv}", options),
                            SD_BUS_RESULT("o", run), ManagerBus::run_module, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("ListRuns", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(ossttu)", runs), ManagerBus::list_runs,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("GetStatus", SD_BUS_NO_ARGS,
                            SD_BUS_RESULT("s", version, "u", live_runs, "a(sbs)", facilities, "a{st}", cache),
                            ManagerBus::get_status, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Prune", SD_BUS_NO_ARGS, SD_BUS_RESULT("u", runs, "t", images), ManagerBus::prune,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_SIGNAL_WITH_ARGS("RunFinished", SD_BUS_ARGS("o", run, "s", verdict, "a{sv}", result), 0),
    SD_BUS_VTABLE_END};

ManagerBus::ManagerBus(sd_bus* bus, Callers& callers, run::RunTable& table, RunBus& runs, Facilities facilities)
    : bus_(bus), callers_(callers), table_(table), runs_(runs), facilities_(std::move(facilities)) {}

Expected<void> ManagerBus::expose() {
  sd_bus_slot* slot = nullptr;
  if (const int result = sd_bus_add_object_vtable(bus_, &slot, kManagerPath, kManagerInterface, kVtable, this);
      result < 0)
    return bus_fault("expose the manager object", result);
  object_.reset(slot);
  return {};
}

int ManagerBus::run_module(sd_bus_message* message, void* userdata, sd_bus_error* error) {
  auto* self = static_cast<ManagerBus*>(userdata);
  const auto caller = self->callers_.who(message);
  if (!caller) return errors::set(error, errors::kFault, caller.error().what);
  auto request = read_run_request(message);
  if (!request) return errors::set(error, request.error());
  request->uid = caller->uid;
  const auto group = self->callers_.group_of(*caller);
  if (!group) return errors::set(error, errors::kFault, group.error().what);
  request->gid = *group;
  const bool detached = request->options.detached;
  const auto run = self->table_.add(std::move(*request));
  if (!run) {
    return errors::set(error, name_of(run.error().why), run.error().what);
  }
  self->runs_.add(*run, *caller, detached);
  return sd_bus_reply_method_return(message, "o", path_of(*run).c_str());
}

int ManagerBus::list_runs(sd_bus_message* message, void* userdata, sd_bus_error*) {
  auto* self = static_cast<ManagerBus*>(userdata);
  sd_bus_message* raw = nullptr;
  int result = sd_bus_message_new_method_return(message, &raw);
  const Message reply(raw);
  if (result >= 0) result = sd_bus_message_open_container(raw, 'a', "(ossttu)");
  for (const run::Run* run : self->table_.live()) {
    if (result < 0) return result;
    result = sd_bus_message_append(raw, "(ossttu)", path_of(run->id()).c_str(), run->options().name.c_str(),
                                   std::string(run::name_of(run->state())).c_str(),
                                   run->fuel_consumed().value_or(Fuel(0)).count(), run->options().fuel.count(),
                                   static_cast<std::uint32_t>(run->uid()));
  }
  if (result >= 0) result = sd_bus_message_close_container(raw);
  return result < 0 ? result : sd_bus_send(self->bus_, raw, nullptr);
}

int ManagerBus::get_status(sd_bus_message* message, void* userdata, sd_bus_error* error) {
  auto* self = static_cast<ManagerBus*>(userdata);
  const auto caller = self->callers_.who(message);
  if (!caller) return errors::set(error, errors::kFault, caller.error().what);
  const auto call = std::shared_ptr<sd_bus_message>(sd_bus_message_ref(message), sd_bus_message_unref);
  self->table_.cache().tell(caller->uid, [self, call](const Expected<run::ImageCache::Status>& cache) {
    if (!cache) return reply_fault(call.get(), cache.error());
    (void)self->reply_status(call.get(), *cache);
  });
  return 1;
}

int ManagerBus::reply_status(sd_bus_message* call, const run::ImageCache::Status& cache) {
  sd_bus_message* raw = nullptr;
  int result = sd_bus_message_new_method_return(call, &raw);
  const Message reply(raw);
  if (result >= 0)
    result = sd_bus_message_append(raw, "su", SLACK_VERSION, static_cast<std::uint32_t>(table_.live_count()));
  if (result >= 0) result = sd_bus_message_open_container(raw, 'a', "(sbs)");
  auto facilities = facilities_();
  facilities.push_back(cache.facility);
  for (const auto& facility : facilities) {
    if (result < 0) return result;
    result = sd_bus_message_append(raw, "(sbs)", facility.name.c_str(), static_cast<int>(facility.available),
                                   facility.in_use.c_str());
  }
  if (result >= 0) result = sd_bus_message_close_container(raw);
  if (result >= 0) result = sd_bus_message_open_container(raw, 'a', "{st}");
  for (const auto& [name, count] : cache.counters) {
    if (result < 0) return result;
    result = sd_bus_message_append(raw, "{st}", name.c_str(), count);
  }
  if (result >= 0) result = sd_bus_message_close_container(raw);
  return result < 0 ? result : sd_bus_send(bus_, raw, nullptr);
}

int ManagerBus::prune(sd_bus_message* message, void* userdata, sd_bus_error* error) {
  auto* self = static_cast<ManagerBus*>(userdata);
  const auto caller = self->callers_.who(message);
  if (!caller) return errors::set(error, errors::kFault, caller.error().what);
  const auto whose = caller->uid == 0 ? std::nullopt : std::optional(caller->uid);
  const auto runs = static_cast<std::uint32_t>(self->table_.prune(whose));
  const auto call = std::shared_ptr<sd_bus_message>(sd_bus_message_ref(message), sd_bus_message_unref);
  self->table_.cache().prune(caller->uid, whose, [call, runs](const Expected<std::uint64_t>& images) {
    if (!images) return reply_fault(call.get(), images.error());
    (void)sd_bus_reply_method_return(call.get(), "ut", runs, *images);
  });
  return 1;
}

}  // namespace slack::bus

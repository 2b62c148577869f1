// Chooses a slackd, connects to it, and makes the short calls.
#include "client/bus_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "client/exit_code.hpp"
#include "client/format.hpp"
#include "client/wording.hpp"

namespace slack::client {
namespace {

struct ErrorDeleter {
  sd_bus_error error = SD_BUS_ERROR_NULL;
  ~ErrorDeleter() { sd_bus_error_free(&error); }
};

bool contains(char** names, std::string_view wanted) {
  for (char** name = names; name != nullptr && *name != nullptr; ++name)
    if (*name == wanted) return true;
  return false;
}

void free_strings(char** strings) {
  for (char** string = strings; string != nullptr && *string != nullptr; ++string) std::free(*string);
  std::free(static_cast<void*>(strings));
}

// Owned or activatable.
Expected<bool> service_offered(sd_bus* bus) {
  char** owned = nullptr;
  char** activatable = nullptr;
  const int result = sd_bus_list_names(bus, &owned, &activatable);
  const bool offered = result >= 0 && (contains(owned, kBusName) || contains(activatable, kBusName));
  free_strings(owned);
  free_strings(activatable);
  if (result < 0) return bus_failure("ask the system bus for its names", result);
  return offered;
}

}  // namespace

tl::unexpected<Fault> bus_failure(std::string_view operation, int result) {
  const int error = -result;
  Fault fault = fault_from_errno(operation, error);
  constexpr int kConnection[] = {ENOTCONN, ECONNRESET, ECONNREFUSED, EPIPE, ESHUTDOWN, ETIMEDOUT, ENOENT};
  fault.code = std::ranges::find(kConnection, error) != std::end(kConnection) ? ENOTCONN : EIO;
  return fail(std::move(fault));
}

namespace {

// The errors of org.slackd.Slack1.xml: each as a sentence that ends with the way out.
Fault fault_of_slackd(std::string_view kind, const std::string& text) {
  if (kind == "InvalidOption" || kind == "InvalidArgument") return Fault{EINVAL, in_command_line_words(text)};
  if (kind == "InvalidDescriptor") return Fault{EBADF, in_command_line_words(text)};
  if (kind == "LimitExceeded")
    return Fault{EBUSY, in_command_line_words(text) + "; try again when other runs have ended"};
  if (kind == "NoSuchRun") return Fault{ESRCH, text + "; `slackctl list` shows the live ones"};
  if (kind == "AccessDenied") return Fault{EPERM, text + "; it is theirs and root's to stop"};
  if (kind == "ShuttingDown") return Fault{EHOSTDOWN, text};
  return Fault{EREMOTEIO, "slackd failed: " + text};
}

Fault fault_of_bus(std::string_view kind, const std::string& text) {
  for (const std::string_view gone :
       {"ServiceUnknown", "NameHasNoOwner", "NoReply", "Disconnected", "NoServer", "Timeout", "TimedOut"})
    if (kind == gone) return Fault{EHOSTDOWN, text};
  if (kind.starts_with("Spawn.")) return Fault{EHOSTDOWN, text};
  if (kind == "AccessDenied" || kind == "InteractiveAuthorizationRequired")
    return Fault{EPERM,
                 "the system bus does not let this user do that: the service is for root and the group slackd; "
                 "`slackctl run --private` needs neither"};
  if (kind == "LimitsExceeded") return Fault{EBUSY, "the system bus takes no more from this user: " + text};
  for (const std::string_view unknown : {"UnknownMethod", "UnknownInterface", "UnknownObject", "InvalidArgs"})
    if (kind == unknown)
      return Fault{EREMOTEIO,
                   "slackd and slackctl are not of the same version (`slackctl status` shows slackd's): " + text};
  return Fault{EREMOTEIO, "the bus answered: " + text};
}

}  // namespace

Fault fault_of(const sd_bus_error& error) {
  const std::string_view name = error.name != nullptr ? error.name : "";
  const std::string text = printable(error.message != nullptr ? error.message : name);
  const auto kind_in = [name](std::string_view family) -> std::optional<std::string_view> {
    if (!name.starts_with(family)) return std::nullopt;
    return name.substr(family.size());
  };
  if (const auto kind = kind_in("org.slackd.Slack1.Error.")) return fault_of_slackd(*kind, text);
  if (const auto kind = kind_in("org.freedesktop.DBus.Error.")) return fault_of_bus(*kind, text);
  // Activation through systemd answers with systemd's own errors: no such unit, a unit that is masked.
  if (kind_in("org.freedesktop.systemd1.")) return Fault{EHOSTDOWN, text};
  return Fault{EREMOTEIO, "the bus answered: " + text};
}

namespace {

// What the user can do who cannot have the service: the end of a sentence.
std::string_view instead_of(Service service) {
  return service == Service::system_runs ? "; only the service has runs to list and stop, Ctrl-C stops a private one"
                                         : ", or use --private for a slackd of your own";
}

}  // namespace

Expected<BusClient> BusClient::connect(Service service) {
  if (service == Service::own) return connect_private();
  sd_bus* raw = nullptr;
  const int opened = sd_bus_open_system(&raw);
  BusPtr bus(raw);
  if (opened < 0) {
    if (service == Service::automatic) return connect_private();
    return fail(
        Fault{EHOSTDOWN, fmt::format("cannot reach the system bus, where the slackd service is: {}; start both{}",
                                     strerrordesc_np(-opened), instead_of(service))});
  }
  const auto offered = service_offered(bus.get());
  if (service == Service::automatic && (!offered || !*offered)) return connect_private();
  if (!offered) return fail(offered.error());
  if (!*offered) {
    return fail(
        Fault{EHOSTDOWN, fmt::format("no slackd on the system bus: the name org.slackd.Slack1 is neither owned nor "
                                     "activatable; start slackd.service{}",
                                     instead_of(service))});
  }
  return BusClient(std::move(bus), service);
}

Expected<BusClient> BusClient::connect_private() {
  auto own = PrivateService::start();
  if (!own) return fail(own.error());
  sd_bus* raw = nullptr;
  int result = sd_bus_new(&raw);
  BusPtr bus(raw);
  if (result >= 0) {
    const int socket = own->take_socket().release();  // the bus closes it
    result = sd_bus_set_fd(raw, socket, socket);
  }
  if (result >= 0) result = sd_bus_set_bus_client(raw, 0);
  if (result >= 0) result = sd_bus_set_anonymous(raw, 1);
  if (result >= 0) result = sd_bus_negotiate_fds(raw, 1);
  if (result >= 0) result = sd_bus_start(raw);
  BusClient client(std::move(bus), Service::own);
  client.own_.emplace(std::move(*own));
  if (result < 0) return fail(client.explain(bus_failure("talk to the private slackd", result).value()));
  return client;
}

Expected<MessagePtr> BusClient::call(const char* path, const char* interface, const char* method) {
  ErrorDeleter error;
  sd_bus_message* reply = nullptr;
  const int result = sd_bus_call_method(bus(), destination(), path, interface, method, &error.error, &reply, "");
  if (result < 0 && sd_bus_error_is_set(&error.error)) return fail(explain(fault_of(error.error)));
  if (result < 0) return fail(explain(bus_failure(method, result).value()));
  return MessagePtr(reply);
}

Expected<std::vector<RunRow>> BusClient::list_runs() {
  auto reply = call(kManagerPath, kManagerInterface, "ListRuns");
  if (!reply) return fail(reply.error());
  std::vector<RunRow> rows;
  int result = sd_bus_message_enter_container(reply->get(), 'a', "(ossttu)");
  while (result >= 0) {
    const char* path = nullptr;
    const char* name = nullptr;
    const char* state = nullptr;
    std::uint64_t consumed = 0;
    std::uint64_t limit = 0;
    std::uint32_t uid = 0;
    result = sd_bus_message_read(reply->get(), "(ossttu)", &path, &name, &state, &consumed, &limit, &uid);
    if (result <= 0) break;
    rows.push_back({path, name, state, Fuel(consumed), Fuel(limit), uid});
  }
  if (result < 0) return bus_failure("read the reply of ListRuns", result);
  return rows;
}

Expected<ServiceStatus> BusClient::status() {
  auto reply = call(kManagerPath, kManagerInterface, "GetStatus");
  if (!reply) return fail(reply.error());
  ServiceStatus status;
  const char* version = nullptr;
  int result = sd_bus_message_read(reply->get(), "su", &version, &status.live_runs);
  if (result >= 0) {
    status.version = version;
    result = sd_bus_message_enter_container(reply->get(), 'a', "(sbs)");
  }
  while (result >= 0) {
    const char* name = nullptr;
    const char* in_use = nullptr;
    int available = 0;
    result = sd_bus_message_read(reply->get(), "(sbs)", &name, &available, &in_use);
    if (result <= 0) break;
    status.facilities.push_back({name, available != 0, in_use});
  }
  if (result < 0) return bus_failure("read the reply of GetStatus", result);
  return status;
}

Expected<Pruned> BusClient::prune() {
  auto reply = call(kManagerPath, kManagerInterface, "Prune");
  if (!reply) return fail(reply.error());
  Pruned pruned;
  if (const int result = sd_bus_message_read(reply->get(), "ut", &pruned.runs, &pruned.images); result < 0)
    return bus_failure("read the reply of Prune", result);
  return pruned;
}

Expected<void> BusClient::stop(const std::string& run_path) {
  auto reply = call(run_path.c_str(), kRunInterface, "Stop");
  if (!reply) return fail(reply.error());
  return {};
}

Fault BusClient::explain(Fault fault) {
  if (exit_code_of(fault) != kExitUnavailable) return fault;
  if (own_)
    fault.what = "no answer from slackd: " + own_->obituary();
  else
    fault.what.append("; see `systemctl status slackd`").append(instead_of(service_));
  return fault;
}

}  // namespace slack::client

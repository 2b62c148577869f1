// The connection to slackd: which one to talk to, and its short calls.
#pragma once

#include <systemd/sd-bus.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/private_service.hpp"
#include "daemon/base/fault.hpp"
#include "daemon/base/units.hpp"

namespace slack::client {

inline constexpr const char* kBusName = "org.slackd.Slack1";
inline constexpr const char* kManagerPath = "/org/slackd/Slack1";
inline constexpr const char* kManagerInterface = "org.slackd.Slack1.Manager";
inline constexpr const char* kRunInterface = "org.slackd.Slack1.Run";

enum class Service : std::uint8_t {
  automatic,  // the system service if its name is owned or can be activated, else a private one
  system,
  system_runs,  // the same, for a verb that is of no use with a private one: its runs are nobody else's to list or stop
  own,          // private
};

struct BusDeleter {
  void operator()(sd_bus* bus) const { sd_bus_flush_close_unref(bus); }
};
struct MessageDeleter {
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
using MessagePtr = std::unique_ptr<sd_bus_message, MessageDeleter>;

struct RunRow {
  std::string path;
  std::string name;
  std::string state;
  Fuel consumed;
  Fuel limit;
  std::uint32_t uid = 0;
};

struct FacilityRow {
  std::string name;
  bool available = false;
  std::string in_use;
};

struct ServiceStatus {
  std::string version;
  std::uint32_t live_runs = 0;
  std::vector<FacilityRow> facilities;
};

struct Pruned {
  std::uint32_t runs = 0;
  std::uint64_t images = 0;
};

class BusClient {
 public:
  // The choice is made here, once: a service that was chosen and then fails is a fault, never a reason to take another.
  [[nodiscard]] static Expected<BusClient> connect(Service service);

  [[nodiscard]] sd_bus* bus() const { return bus_.get(); }
  [[nodiscard]] bool is_private() const { return own_.has_value(); }
  // Where calls go: the bus name, or nullptr on a peer-to-peer connection.
  [[nodiscard]] const char* destination() const { return is_private() ? nullptr : kBusName; }

  [[nodiscard]] Expected<std::vector<RunRow>> list_runs();
  [[nodiscard]] Expected<ServiceStatus> status();
  [[nodiscard]] Expected<Pruned> prune();
  [[nodiscard]] Expected<void> stop(const std::string& run_path);

  // Adds to a fault of the connection what is known about the other end, and the way out.
  [[nodiscard]] Fault explain(Fault fault);

 private:
  using BusPtr = std::unique_ptr<sd_bus, BusDeleter>;
  BusClient(BusPtr bus, Service service) : service_(service), bus_(std::move(bus)) {}

  static Expected<BusClient> connect_private();
  Expected<MessagePtr> call(const char* path, const char* interface, const char* method);

  Service service_;  // as it was asked for
  // Declared before the bus, so that the bus hangs up first and the private slackd's end is waited for after.
  std::optional<PrivateService> own_;
  BusPtr bus_;
};

// A fault from a negative errno of sd-bus. One of the connection keeps a code that says so (exit_code.hpp).
[[nodiscard]] tl::unexpected<Fault> bus_failure(std::string_view operation, int result);
// A fault from an error reply.
[[nodiscard]] Fault fault_of(const sd_bus_error& error);

}  // namespace slack::client

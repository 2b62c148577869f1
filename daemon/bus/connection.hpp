// The connection slackd serves: the system bus, or one client over a socket.
#pragma once

#include <systemd/sd-bus.h>

#include <functional>
#include <memory>

#include "daemon/base/fd.hpp"

namespace slack::bus {

inline constexpr char kBusName[] = "org.slackd.Slack1";
inline constexpr char kManagerPath[] = "/org/slackd/Slack1";
inline constexpr char kManagerInterface[] = "org.slackd.Slack1.Manager";
inline constexpr char kRunPrefix[] = "/org/slackd/Slack1/run";
inline constexpr char kRunInterface[] = "org.slackd.Slack1.Run";

struct BusCloser {
  void operator()(sd_bus* bus) const { sd_bus_close_unref(bus); }
};
using Bus = std::unique_ptr<sd_bus, BusCloser>;
struct SlotCloser {
  void operator()(sd_bus_slot* slot) const { sd_bus_slot_unref(slot); }
};
using Slot = std::unique_ptr<sd_bus_slot, SlotCloser>;
struct MessageCloser {
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
using Message = std::unique_ptr<sd_bus_message, MessageCloser>;

// A connection to the system bus, without a name yet.
[[nodiscard]] Expected<Bus> open_system_bus();
// The server's end of a peer-to-peer connection over a stream socket.
[[nodiscard]] Expected<Bus> open_peer(Fd socket);
// Calls when the connection has ended.
[[nodiscard]] Expected<Slot> on_disconnect(sd_bus* bus, std::function<void()>& callback);

// Sends what is queued, for as long as the other side takes it within `most`.
void flush(sd_bus* bus, Micros most);

// A fault from what sd-bus returned.
[[nodiscard]] inline tl::unexpected<Fault> bus_fault(std::string_view operation, int result) {
  return fail(operation, -result);
}

}  // namespace slack::bus

// Opens connections.
#include "daemon/bus/connection.hpp"

#include <systemd/sd-id128.h>

#include "daemon/base/clock.hpp"

namespace slack::bus {

Expected<Bus> open_system_bus() {
  sd_bus* raw = nullptr;
  if (const int result = sd_bus_open_system_with_description(&raw, "slackd"); result < 0)
    return bus_fault("connect to the system bus", result);
  return Bus(raw);
}

Expected<Bus> open_peer(Fd socket) {
  sd_bus* raw = nullptr;
  if (const int result = sd_bus_new(&raw); result < 0) return bus_fault("make a bus connection", result);
  Bus bus(raw);
  // Who the peer is, the socket says; there is nothing to prove beyond having it.
  sd_id128_t id{};
  int result = sd_id128_randomize(&id);
  if (result >= 0) result = sd_bus_set_description(raw, "slackd-peer");
  if (result >= 0) result = sd_bus_set_server(raw, 1, id);
  if (result >= 0) result = sd_bus_set_anonymous(raw, 1);
  if (result >= 0) result = sd_bus_negotiate_fds(raw, 1);
  if (result >= 0) result = sd_bus_set_fd(raw, socket.get(), socket.get());
  if (result < 0) return bus_fault("set a peer connection up", result);
  (void)socket.release();  // the connection's now
  if (result = sd_bus_start(raw); result < 0) return bus_fault("start a peer connection", result);
  return bus;
}

void flush(sd_bus* bus, Micros most) {
  const Nanos deadline = monotonic_now() + to_nanos(most);
  for (Nanos now = monotonic_now(); now < deadline; now = monotonic_now()) {
    std::uint64_t queued = 0;
    if (sd_bus_get_n_queued_write(bus, &queued) < 0 || queued == 0) return;
    if (sd_bus_wait(bus, to_micros(deadline - now).count()) < 0 || sd_bus_process(bus, nullptr) < 0) return;
  }
}

Expected<Slot> on_disconnect(sd_bus* bus, std::function<void()>& callback) {
  sd_bus_slot* slot = nullptr;
  const int result = sd_bus_add_match(
      bus, &slot,
      "type='signal',path='/org/freedesktop/DBus/Local',interface='org.freedesktop.DBus.Local',member='Disconnected'",
      [](sd_bus_message*, void* userdata, sd_bus_error*) {
        (*static_cast<std::function<void()>*>(userdata))();
        return 0;
      },
      &callback);
  if (result < 0) return bus_fault("watch the connection", result);
  return Slot(slot);
}

}  // namespace slack::bus

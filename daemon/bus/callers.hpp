// Callers: who sends messages, and when they leave.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "daemon/bus/connection.hpp"

namespace slack::bus {

struct Caller {
  std::string name;  // unique bus name; empty for the one peer of a peer-to-peer connection
  uid_t uid = 0;
};

class Callers {
 public:
  // `peer`: the credentials of the peer's socket, on a peer-to-peer connection. `left` is called with the name of
  // every client that leaves the bus; a peer's end shows as the end of the connection instead.
  Callers(sd_bus* bus, std::optional<ucred> peer, std::function<void(const std::string&)> left);
  [[nodiscard]] Expected<void> watch();

  [[nodiscard]] Expected<Caller> who(sd_bus_message* message);
  // Primary group: a socket's credentials have it, the bus has not, so there it is the user database's.
  [[nodiscard]] Expected<gid_t> group_of(const Caller& caller);
  [[nodiscard]] bool peer_to_peer() const { return peer_.has_value(); }

 private:
  static int on_owner_changed(sd_bus_message* message, void* userdata, sd_bus_error*);

  sd_bus* bus_;
  std::optional<ucred> peer_;
  std::function<void(const std::string&)> left_;
  struct Known {
    uid_t uid = 0;
    std::optional<gid_t> gid;
  };
  std::map<std::string, Known> known_;  // asked once; gone when they leave, since a unique name is never used again
  Slot slot_;
};

}  // namespace slack::bus

// Asks the bus who a sender is, once for each, and hears of those that leave.
#include "daemon/bus/callers.hpp"

#include <pwd.h>
#include <unistd.h>

#include <utility>
#include <vector>

namespace slack::bus {

Callers::Callers(sd_bus* bus, std::optional<ucred> peer, std::function<void(const std::string&)> left)
    : bus_(bus), peer_(peer), left_(std::move(left)) {}

Expected<void> Callers::watch() {
  if (peer_) return {};
  // One match for everybody who leaves, in place of one a client: no round trip when a run starts.
  sd_bus_slot* slot = nullptr;
  const int result = sd_bus_add_match(bus_, &slot,
                                      "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                                      "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg2=''",
                                      on_owner_changed, this);
  if (result < 0) return bus_fault("watch for clients that leave", result);
  slot_.reset(slot);
  return {};
}

int Callers::on_owner_changed(sd_bus_message* message, void* userdata, sd_bus_error*) {
  auto* self = static_cast<Callers*>(userdata);
  const char* name = nullptr;
  if (sd_bus_message_read(message, "s", &name) < 0 || name[0] != ':') return 0;
  self->known_.erase(name);
  self->left_(name);
  return 0;
}

Expected<Caller> Callers::who(sd_bus_message* message) {
  if (peer_) return Caller{"", peer_->uid};
  const char* sender = sd_bus_message_get_sender(message);
  if (sender == nullptr) return fail("a message without a sender", EBADMSG);
  if (const auto known = known_.find(sender); known != known_.end()) return Caller{sender, known->second.uid};
  sd_bus_creds* raw = nullptr;
  int result = sd_bus_query_sender_creds(message, SD_BUS_CREDS_EUID, &raw);
  const std::unique_ptr<sd_bus_creds, decltype(&sd_bus_creds_unref)> creds(raw, sd_bus_creds_unref);
  uid_t uid = 0;
  if (result >= 0) result = sd_bus_creds_get_euid(raw, &uid);
  if (result < 0) return bus_fault("find out who calls", result);
  known_.emplace(sender, Known{uid, std::nullopt});
  return Caller{sender, uid};
}

Expected<gid_t> Callers::group_of(const Caller& caller) {
  if (peer_) return peer_->gid;
  if (caller.uid == 0) return gid_t{0};
  Known& known = known_[caller.name];
  if (known.gid) return *known.gid;
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  const int error = ::getpwuid_r(caller.uid, &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr)
    return fail("look up the group of user " + std::to_string(caller.uid), error == 0 ? ENOENT : error);
  known.gid = entry.pw_gid;
  return entry.pw_gid;
}

}  // namespace slack::bus

// Daemon: the parts of slackd put together, from start to orderly end.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/bus/callers.hpp"
#include "daemon/bus/connection.hpp"
#include "daemon/bus/event_loop.hpp"
#include "daemon/bus/journal.hpp"
#include "daemon/bus/manager_bus.hpp"
#include "daemon/bus/run_bus.hpp"
#include "daemon/run/limits.hpp"
#include "daemon/run/machine.hpp"
#include "daemon/run/run_table.hpp"

namespace slack::bus {

struct Settings {
  std::optional<int> peer_fd;  // serve one client over this socket, in place of the system bus
  bool want_bpf = true;
  bool want_realtime = true;
  Bytes cache = run::limits::kCacheBytes;  // on disk; 0: no cache
  bool verbose = false;
};

class Daemon {
 public:
  // From the main thread, before there is another. A fault says what the machine lacks.
  [[nodiscard]] static Expected<std::unique_ptr<Daemon>> start(const Settings& settings);
  // Until a signal, or the peer's leaving; the exit status.
  [[nodiscard]] int run();

 private:
  explicit Daemon(const Settings& settings);
  [[nodiscard]] Expected<void> start_machine(const Settings& settings);
  [[nodiscard]] Expected<void> connect(const Settings& settings);
  [[nodiscard]] run::ImageCache::Config open_cache(const Settings& settings);
  void on_disconnected();
  void shut_down(const std::string& reason, int status);
  void on_idle();
  void announce();

  Journal journal_;
  bool peer_to_peer_;
  bool ending_ = false;
  int status_ = 0;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<run::Machine> machine_;
  Bus bus_;
  std::function<void()> disconnected_;
  std::unique_ptr<Callers> callers_;
  std::unique_ptr<RunBus> runs_;
  std::unique_ptr<run::RunTable> table_;
  std::unique_ptr<ManagerBus> manager_;
  Slot disconnect_slot_;
  run::Reactor::Handle last_call_;
};

}  // namespace slack::bus

// EventLoop: the reactor of the runs, over sd-event.
#pragma once

#include <systemd/sd-event.h>

#include "daemon/base/fault.hpp"
#include "daemon/run/reactor.hpp"

namespace slack::bus {

class EventLoop final : public run::Reactor {
 public:
  [[nodiscard]] static Expected<std::unique_ptr<EventLoop>> create();
  ~EventLoop() override;

  Handle watch(int fd, Callback callback) override;
  Handle at(Nanos when, Callback callback) override;
  Handle defer(Callback callback) override;
  Nanos now() const override;

  // Calls on each of these signals, which must be blocked in every thread.
  [[nodiscard]] Expected<void> on_signal(int signal, Callback callback);
  // Until exit() is called; its code.
  [[nodiscard]] int run();
  void exit(int code);

  [[nodiscard]] sd_event* get() const { return event_; }

 private:
  explicit EventLoop(sd_event* event) : event_(event) {}
  sd_event* event_;
  std::vector<Handle> signals_;
};

}  // namespace slack::bus

// Maps the reactor's calls to event sources.
#include "daemon/bus/event_loop.hpp"

#include <signal.h>
#include <sys/epoll.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "daemon/base/clock.hpp"

namespace slack::bus {
namespace {

class EventSource final : public run::Reactor::Source {
 public:
  explicit EventSource(run::Reactor::Callback callback)
      : callback_(std::make_shared<run::Reactor::Callback>(std::move(callback))) {}
  ~EventSource() override { sd_event_source_disable_unref(source_); }

  [[nodiscard]] sd_event_source** place() { return &source_; }
  // The callback may destroy its source: it lives on until it has returned.
  int call() {
    const auto callback = callback_;
    (*callback)();
    return 0;
  }

  static int on_io(sd_event_source*, int, std::uint32_t, void* self) { return static_cast<EventSource*>(self)->call(); }
  static int on_time(sd_event_source*, std::uint64_t, void* self) { return static_cast<EventSource*>(self)->call(); }
  static int on_defer(sd_event_source*, void* self) { return static_cast<EventSource*>(self)->call(); }
  static int on_signal(sd_event_source*, const signalfd_siginfo*, void* self) {
    return static_cast<EventSource*>(self)->call();
  }

 private:
  std::shared_ptr<run::Reactor::Callback> callback_;
  sd_event_source* source_ = nullptr;
};

// A daemon that cannot wait for its children cannot keep its promises: only memory or a bug of ours can bring it here,
// and its workers die with it.
run::Reactor::Handle checked(int result, std::unique_ptr<EventSource> source, const char* what) {
  if (result < 0) {
    std::fprintf(stderr, "slackd: %s: %s\n", what, strerrordesc_np(-result));
    std::abort();
  }
  return source;
}

// Deadlines of the daemon's own thread: exact to the millisecond that coalescing may cost.
constexpr std::uint64_t kAccuracyMicros = 1'000;

}  // namespace

Expected<std::unique_ptr<EventLoop>> EventLoop::create() {
  sd_event* event = nullptr;
  if (const int result = sd_event_default(&event); result < 0) return fail("make an event loop", -result);
  std::unique_ptr<EventLoop> loop(new EventLoop(event));
  // Does nothing unless systemd asked for it.
  if (const int result = sd_event_set_watchdog(event, 1); result < 0) return fail("set the watchdog", -result);
  return loop;
}

EventLoop::~EventLoop() {
  signals_.clear();
  sd_event_unref(event_);
}

run::Reactor::Handle EventLoop::watch(int fd, Callback callback) {
  auto source = std::make_unique<EventSource>(std::move(callback));
  const int result = sd_event_add_io(event_, source->place(), fd, EPOLLIN, EventSource::on_io, source.get());
  return checked(result, std::move(source), "watch a descriptor");
}

run::Reactor::Handle EventLoop::at(Nanos when, Callback callback) {
  auto source = std::make_unique<EventSource>(std::move(callback));
  const int result = sd_event_add_time(event_, source->place(), CLOCK_MONOTONIC, to_micros(when).count(),
                                       kAccuracyMicros, EventSource::on_time, source.get());
  return checked(result, std::move(source), "set a timer");
}

run::Reactor::Handle EventLoop::defer(Callback callback) {
  auto source = std::make_unique<EventSource>(std::move(callback));
  const int result = sd_event_add_defer(event_, source->place(), EventSource::on_defer, source.get());
  return checked(result, std::move(source), "defer a call");
}

Nanos EventLoop::now() const { return monotonic_now(); }

Expected<void> EventLoop::on_signal(int signal, Callback callback) {
  auto source = std::make_unique<EventSource>(std::move(callback));
  if (const int result = sd_event_add_signal(event_, source->place(), signal, EventSource::on_signal, source.get());
      result < 0)
    return fail("wait for a signal", -result);
  signals_.push_back(std::move(source));
  return {};
}

int EventLoop::run() { return sd_event_loop(event_); }

void EventLoop::exit(int code) { (void)sd_event_exit(event_, code); }

}  // namespace slack::bus

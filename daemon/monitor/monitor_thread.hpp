// MonitorThread: the event loop of the monitor; everything in it happens on its one thread.
#pragma once

#include <future>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

#include "daemon/monitor/deadline_heap.hpp"
#include "daemon/monitor/live_run.hpp"
#include "daemon/monitor/mailbox.hpp"
#include "daemon/monitor/monitor.hpp"
#include "daemon/monitor/ring.hpp"

namespace slack::monitor {

// Numbers the runs that this monitor has had; never used again, so that a late completion finds nobody.
using Serial = std::uint64_t;

// What the bus thread asks for.
struct Adopt {
  Serial serial = 0;
  std::unique_ptr<LiveRun> run;
};
struct Stop {
  Serial serial = 0;
  Cause cause;
};
struct Idle {};      // nobody is watched: the probe may be detached if it stays so
struct Shutdown {};  // kill and reap what lives, then return
using Command = std::variant<Adopt, Stop, Idle, Shutdown>;

class MonitorThread {
 public:
  // Does not start it yet. `probe` may be null, and outlives the thread.
  [[nodiscard]] static Expected<std::unique_ptr<MonitorThread>> create(bpf::SafepointProbe* probe);
  // Returns once it runs. What stands in the way of SCHED_FIFO is put into `realtime_reason`.
  [[nodiscard]] Expected<void> start(bool want_realtime, std::string& realtime_reason);
  ~MonitorThread();  // Shutdown, and waits

  Mailbox<Command>& commands() { return commands_; }
  Mailbox<Event>& events() { return events_; }

 private:
  explicit MonitorThread(bpf::SafepointProbe* probe) : probe_(probe) {}

  void loop();
  [[nodiscard]] bool obey(std::vector<Command> commands);  // false: shut down
  void dispatch(const Completion& completion);
  void serve_timer();
  void set_timer();

  void adopt(Serial serial, std::unique_ptr<LiveRun> run);
  void stop(Serial serial, Cause cause);
  void look(Serial serial, LiveRun& run);
  void watch_park(Serial serial, LiveRun& run);
  void on_fault(Serial serial, LiveRun& run);
  void on_message(Serial serial, LiveRun& run);
  void on_death(Serial serial, LiveRun& run);
  [[nodiscard]] bool receive_report(Serial serial, LiveRun& run);
  void perform(Serial serial, LiveRun& run, Actions actions);
  void arm(Serial serial, LiveRun& run);
  void interrupt(Serial serial, LiveRun& run);
  void end_all();

  bpf::SafepointProbe* probe_;
  Mailbox<Command> commands_;
  Mailbox<Event> events_;
  std::unique_ptr<Ring> ring_;
  Fd timer_;
  Nanos timer_set_ = Nanos::max();
  DeadlineHeap heap_;
  std::unordered_map<Serial, std::unique_ptr<LiveRun>> runs_;
  std::thread thread_;
};

}  // namespace slack::monitor

// The bus thread's side of the monitor: hands runs in, takes events out, keeps the slots of the probe.
#include "daemon/monitor/monitor.hpp"

#include <unordered_map>
#include <utility>

#include "daemon/monitor/monitor_thread.hpp"
#include "daemon/monitor/safepoint_page.hpp"
#include "kmod-free-bpf/safepoint_probe.hpp"

namespace slack::monitor {
namespace {

// A worker that could not be taken on has not begun to run: it dies at once.
constexpr Micros kRefusedPatience{1'000'000};

}  // namespace

class Monitor::Impl {
 public:
  // What the bus thread keeps of a run until it is reaped.
  struct Held {
    Serial serial = 0;
    std::shared_ptr<const SafepointPage> page;
    std::optional<bpf::Slot> slot;
    bool counts = true;
  };

  void release(const Held& held) {
    if (held.slot) probe->release(*held.slot);
    if (runs.empty()) rest();
  }
  // Nobody is watched any more: the probe may go.
  void rest() {
    if (probe != nullptr) thread->commands().post(Idle{});
  }

  Status status;
  std::unordered_map<RunId, Held> runs;
  Serial last_serial = 0;
  // The thread uses the probe: it is declared after it and ends before it.
  std::unique_ptr<bpf::SafepointProbe> probe;
  std::unique_ptr<MonitorThread> thread;
};

Monitor::Monitor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Monitor::~Monitor() = default;

Expected<std::unique_ptr<Monitor>> Monitor::start(const Config& config) {
  auto impl = std::make_unique<Impl>();
  if (!config.want_bpf) {
    impl->status.bpf_reason = "not asked for";
  } else if (auto probe = bpf::SafepointProbe::open(); probe) {
    impl->probe = std::move(*probe);
    impl->status.bpf = true;
  } else {
    impl->status.bpf_reason = probe.error().what;
  }
  auto thread = MonitorThread::create(impl->probe.get());
  if (!thread) return fail(thread.error());
  impl->thread = std::move(*thread);
  if (auto started = impl->thread->start(config.want_realtime, impl->status.realtime_reason); !started)
    return fail(started.error());
  impl->status.realtime = impl->status.realtime_reason.empty();
  return std::unique_ptr<Monitor>(new Monitor(std::move(impl)));
}

Expected<void> Monitor::run(Assignment assignment) {
  const auto refuse = [&assignment](Fault fault) {
    WorkerProcess(assignment.pid, std::move(assignment.pidfd)).kill_and_reap(kRefusedPatience);
    return tl::unexpected<Fault>(std::move(fault));
  };
  if (impl_->runs.contains(assignment.id))
    return refuse(Fault{EEXIST, "run " + std::to_string(assignment.id) + " is under way already"});
  auto page = SafepointPage::map(assignment.safepoint_page);
  if (!page) return refuse(page.error());

  Impl::Held held;
  held.serial = ++impl_->last_serial;
  held.page = std::make_shared<const SafepointPage>(std::move(*page));
  held.counts = assignment.limits.counts;
  const RunId id = assignment.id;
  // Registers are read at parks only. A run that finds no slot is told its published fuel.
  if (impl_->probe != nullptr && held.counts && assignment.limits.halt == Halt::park) {
    if (auto slot = impl_->probe->watch(assignment.pidfd.get()); slot) held.slot = *slot;
  }
  auto live = std::make_unique<LiveRun>(std::move(assignment), held.page, held.slot);
  impl_->thread->commands().post(Adopt{held.serial, std::move(live)});
  impl_->runs.emplace(id, std::move(held));
  return {};
}

void Monitor::stop(RunId id, Verdict verdict, std::string reason) {
  const auto found = impl_->runs.find(id);
  if (found == impl_->runs.end()) return;
  impl_->thread->commands().post(Stop{found->second.serial, Cause{verdict, std::move(reason)}});
}

std::optional<Fuel> Monitor::published_fuel(RunId id) const {
  const auto found = impl_->runs.find(id);
  if (found == impl_->runs.end() || !found->second.counts) return std::nullopt;
  return found->second.page->published();
}

int Monitor::event_fd() const { return impl_->thread->events().event_fd(); }

std::vector<Event> Monitor::take_events() {
  std::vector<Event> events = impl_->thread->events().take();
  for (const Event& event : events) {
    if (!event.reaped) continue;
    const auto found = impl_->runs.find(*event.reaped);
    const Impl::Held held = std::move(found->second);
    impl_->runs.erase(found);
    impl_->release(held);
  }
  return events;
}

Status Monitor::status() const { return impl_->status; }

}  // namespace slack::monitor

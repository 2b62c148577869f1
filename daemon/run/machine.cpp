// Runs the zygotes and the monitor, and starts a zygote anew when it has died.
#include "daemon/run/machine.hpp"

#include <utility>

#include "daemon/sandbox/directory.hpp"

namespace slack::run {

Machine::Machine(Config config)
    : config_(std::move(config)),
      facilities_(sandbox::probe_facilities()),
      workers_{config_.worker_program, true, nullptr},
      compilers_{config_.compiler_program, false, nullptr} {}

Expected<std::unique_ptr<Machine>> Machine::launch(Config config) {
  std::unique_ptr<Machine> machine(new Machine(std::move(config)));
  for (const auto& facility : sandbox::describe(machine->facilities_))
    if (!facility.available && (facility.name == "namespaces" || facility.name == "userfaultfd"))
      return fail(Fault{ENOSYS, "this machine offers no " + facility.name + ": " + facility.in_use});
  for (Nursery* nursery : {&machine->workers_, &machine->compilers_})
    if (auto launched = machine->launch(*nursery); !launched) return fail(launched.error());
  return machine;
}

Machine::~Machine() {
  events_.reset();
  monitor_.reset();  // kills and reaps what still runs
}

Expected<void> Machine::launch(Nursery& nursery) {
  auto zygote = sandbox::Zygote::launch(nursery.program, facilities_, nursery.with_safepoint);
  if (!zygote) return fail(Fault{zygote.error().code, "start " + nursery.program + ": " + zygote.error().what});
  nursery.zygote = std::make_unique<sandbox::Zygote>(std::move(*zygote));
  return {};
}

Expected<sandbox::Spawned> Machine::spawn(Nursery& nursery, const sandbox::ChildLimits& limits,
                                          const std::function<void()>& meanwhile) {
  if (nursery.zygote != nullptr) {
    auto spawned = nursery.zygote->spawn(limits, meanwhile);
    if (spawned || spawned.error().code != EPIPE) return spawned;
    config_.notice("the zygote " + nursery.program + " has died (" + spawned.error().what + "); starting another");
    nursery.zygote.reset();
  }
  if (auto launched = launch(nursery); !launched) return fail(launched.error());
  return nursery.zygote->spawn(limits);
}

Expected<void> Machine::start_monitor(Reactor& reactor) {
  auto monitor = monitor::Monitor::start(config_.monitor);
  if (!monitor) return fail(monitor.error());
  monitor_ = std::move(*monitor);
  events_ = reactor.watch(monitor_->event_fd(), [this] { take_events(); });
  return {};
}

void Machine::take_events() {
  for (auto& event : monitor_->take_events()) {
    if (event.outcome) tell(std::move(*event.outcome));
    if (!event.reaped) continue;
    running_.erase(*event.reaped);
    if (reaped_ != nullptr) reaped_();
  }
}

void Machine::tell(monitor::Outcome outcome) {
  // The kernel's out-of-memory killer looks like a crash from outside; the group knows better.
  const auto running = running_.find(outcome.id);
  if (outcome.verdict == Verdict::crashed && running != running_.end() && running->second.group.out_of_memory()) {
    outcome.verdict = Verdict::limit;
    outcome.reason = "memory";
  }
  if (outcome_ != nullptr) outcome_(std::move(outcome));
}

std::vector<sandbox::Facility> Machine::facilities() const {
  auto all = sandbox::describe(facilities_);
  const auto put = [&](sandbox::Facility facility) {
    for (auto& present : all) {
      if (present.name != facility.name) continue;
      present = std::move(facility);
      return;
    }
    all.push_back(std::move(facility));
  };
  // What the monitor knows by having tried it.
  const monitor::Status status = monitor_->status();
  put({"bpf", status.bpf,
       status.bpf ? "registers of parked runs from the page-fault hook" : "published fuel: " + status.bpf_reason});
  put({"fifo", status.realtime,
       status.realtime ? "the monitor runs SCHED_FIFO" : "the monitor runs SCHED_OTHER: " + status.realtime_reason});
  return all;
}

Expected<sandbox::Spawned> Machine::spawn_compiler(const sandbox::ChildLimits& limits) {
  return spawn(compilers_, limits);
}

Expected<sandbox::Spawned> Machine::spawn_worker(const sandbox::ChildLimits& limits,
                                                 const std::function<void()>& meanwhile) {
  return spawn(workers_, limits, meanwhile);
}

Expected<std::string> Machine::compiler_build() {
  // One that has died is started anew when it is next asked for a compiler.
  if (compilers_.zygote == nullptr) return fail(Fault{EPIPE, "there is no compiler at the moment"});
  return compilers_.zygote->build();
}

Expected<sandbox::ChildGroup> Machine::make_group(const std::string& name, pid_t child, Bytes memory,
                                                  std::uint32_t threads) {
  if (facilities_.cgroup == sandbox::Facilities::Cgroup::none) return sandbox::ChildGroup();
  return sandbox::ChildGroup::create(facilities_, name, child, memory, threads);
}

Expected<sandbox::ChildGroup> Machine::prepare_group(const std::string& name, Bytes memory) {
  return sandbox::ChildGroup::prepare(facilities_, name, memory);
}

Expected<Fd> Machine::hand_in_directory(int directory, uid_t uid, gid_t gid, bool read_only) {
  return sandbox::hand_in_directory(directory, uid, gid, read_only, facilities_);
}

Expected<std::shared_ptr<const image::ImageView>> Machine::open_image(int image) {
  return image::ImageView::open(image);
}

Expected<void> Machine::execute(monitor::Assignment assignment, sandbox::ChildGroup group,
                                std::shared_ptr<const void> charge) {
  const RunId run = assignment.id;
  auto started = monitor_->run(std::move(assignment));
  if (started) running_.emplace(run, Running{std::move(group), std::move(charge)});
  return started;
}

void Machine::stop(RunId run, Verdict verdict, std::string reason) { monitor_->stop(run, verdict, std::move(reason)); }

std::optional<Fuel> Machine::published_fuel(RunId run) const { return monitor_->published_fuel(run); }

}  // namespace slack::run

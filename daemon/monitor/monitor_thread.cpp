// The loop of the monitor thread: waits for commands, timer, parked threads, reports and deaths, and serves them.
#include "daemon/monitor/monitor_thread.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include "daemon/base/clock.hpp"
#include "daemon/base/socket.hpp"
#include "daemon/monitor/ending.hpp"
#include "daemon/monitor/park_fuel.hpp"
#include "daemon/monitor/realtime.hpp"

namespace slack::monitor {
namespace {

// What a completion is about: the lower bits of its token; the run's serial is above them.
enum class Source : std::uint64_t { timer = 1, commands, fault, message, death };
constexpr unsigned kSourceBits = 3;
constexpr Token token_of(Serial serial, Source source) {
  return serial << kSourceBits | static_cast<std::uint64_t>(source);
}
// The heap's key for detaching the probe; serials begin at 1.
constexpr Serial kProbeKey = 0;

// The program stays attached this long after the last run: attaching again right after a detach costs a grace period.
constexpr Nanos kProbeLinger{1'000'000'000};
// A worker that closed its socket is about to be dead: its descriptors go after its memory.
constexpr Nanos kHangupGrace{100'000'000};
// A dead worker that cannot be reaped yet is held by a tracer.
constexpr Nanos kReapAgain{10'000'000};
// Wake-ups by a userfaultfd without an event, per arming; more of them are a worker playing with its mapping.
constexpr int kMostEmptyEvents = 16;
// What an interrupted run may wait for a core beyond a parked one, of which there is nothing more to learn.
constexpr Nanos kInterruptPatience{80'000'000};
// How long the daemon's end waits for a killed worker.
constexpr Micros kReapPatience{5'000'000};

}  // namespace

Expected<std::unique_ptr<MonitorThread>> MonitorThread::create(bpf::SafepointProbe* probe) {
  std::unique_ptr<MonitorThread> made(new MonitorThread(probe));
  if (auto opened = made->commands_.open(); !opened) return fail(opened.error());
  if (auto opened = made->events_.open(); !opened) return fail(opened.error());
  made->timer_ = Fd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!made->timer_.valid()) return fail("timerfd_create");
  return made;
}

Expected<void> MonitorThread::start(bool want_realtime, std::string& realtime_reason) {
  std::promise<Expected<void>> started;
  auto answer = started.get_future();
  // Signals are the main thread's affair.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this, want_realtime, &realtime_reason, started = std::move(started)]() mutable {
    ::pthread_setname_np(::pthread_self(), "slackd-monitor");
    if (!want_realtime)
      realtime_reason = "not asked for";
    else if (auto realtime = make_this_thread_realtime(); !realtime)
      realtime_reason = realtime.error().what;
    auto ring = Ring::create();
    const bool runs = ring.has_value();
    if (runs) ring_ = std::move(*ring);
    started.set_value(runs ? Expected<void>{} : fail(ring.error()));
    if (runs) loop();
  });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return answer.get();
}

MonitorThread::~MonitorThread() {
  if (!thread_.joinable()) return;
  commands_.post(Shutdown{});
  thread_.join();
}

void MonitorThread::loop() {
  ring_->poll_always(commands_.event_fd(), token_of(0, Source::commands));
  ring_->poll_always(timer_.get(), token_of(0, Source::timer));
  std::vector<Completion> completions;
  for (;;) {
    if (auto waited = ring_->wait(completions); !waited) {
      // Without its eyes the monitor must not leave runs unlimited: they die with the daemon (PR_SET_PDEATHSIG).
      std::fprintf(stderr, "slackd: monitor: %s\n", waited.error().what.c_str());
      std::abort();
    }
    bool commanded = false;
    for (const Completion& completion : completions) {
      if (completion.token == token_of(0, Source::commands)) {
        commanded = true;
        if (!completion.goes_on) ring_->poll_always(commands_.event_fd(), completion.token);
      } else if (completion.token == token_of(0, Source::timer)) {
        if (!completion.goes_on) ring_->poll_always(timer_.get(), completion.token);
      } else {
        dispatch(completion);
      }
    }
    if (commanded && !obey(commands_.take())) return end_all();
    serve_timer();
    set_timer();
  }
}

bool MonitorThread::obey(std::vector<Command> commands) {
  bool goes_on = true;
  for (Command& command : commands) {
    if (auto* adoption = std::get_if<Adopt>(&command)) {
      adopt(adoption->serial, std::move(adoption->run));
    } else if (auto* stop = std::get_if<Stop>(&command)) {
      this->stop(stop->serial, std::move(stop->cause));
    } else if (std::holds_alternative<Idle>(command)) {
      heap_.set(kProbeKey, monotonic_now() + kProbeLinger);
    } else {
      goes_on = false;
    }
  }
  return goes_on;
}

void MonitorThread::stop(Serial serial, Cause cause) {
  const auto found = runs_.find(serial);
  if (found == runs_.end()) return;
  LiveRun& run = *found->second;
  // Armed already: the first cause stands, but there is no reason left to be patient.
  if (run.state.phase() == Phase::armed) {
    run.park->hurry(monotonic_now());
    return heap_.set(serial, run.park->due());
  }
  perform(serial, run, run.state.ask(std::move(cause)));
}

void MonitorThread::dispatch(const Completion& completion) {
  const Serial serial = completion.token >> kSourceBits;
  const auto found = runs_.find(serial);
  if (found == runs_.end()) return;
  LiveRun& run = *found->second;
  switch (static_cast<Source>(completion.token & ((1u << kSourceBits) - 1))) {
    case Source::fault:
      return on_fault(serial, run);
    case Source::message:
      return on_message(serial, run);
    case Source::death:
      return on_death(serial, run);
    default:
      return;
  }
}

void MonitorThread::serve_timer() {
  if (heap_.empty()) return;
  const Nanos now = monotonic_now();
  if (heap_.earliest() > now) return;
  timer_set_ = Nanos(0);  // it has fired: whatever comes next has to be set
  for (const Serial serial : heap_.take_due(now)) {
    if (serial == kProbeKey) {
      if (probe_ != nullptr) (void)probe_->detach_if_idle();
      continue;
    }
    const auto found = runs_.find(serial);
    if (found == runs_.end()) continue;
    LiveRun& run = *found->second;
    if (run.dead)
      on_death(serial, run);
    else if (run.state.phase() == Phase::running)
      look(serial, run);
    else if (run.state.phase() == Phase::armed)
      watch_park(serial, run);
  }
}

void MonitorThread::set_timer() {
  const Nanos earliest = heap_.earliest();
  if (earliest == timer_set_) return;
  timer_set_ = earliest;
  itimerspec setting{};  // zero: off
  if (earliest != Nanos::max()) {
    setting.it_value.tv_sec = static_cast<time_t>(earliest.count() / 1'000'000'000);
    setting.it_value.tv_nsec = static_cast<long>(earliest.count() % 1'000'000'000);
  }
  // Fails for no valid argument. Setting also clears an expiry that nobody read.
  (void)::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &setting, nullptr);
}

void MonitorThread::adopt(Serial serial, std::unique_ptr<LiveRun> adopted) {
  LiveRun& run = *runs_.emplace(serial, std::move(adopted)).first->second;
  ring_->poll_once(run.process.pidfd(), token_of(serial, Source::death));
  ring_->poll_once(run.socket.get(), token_of(serial, Source::message));
  run.socket_polled = true;
  run.go(monotonic_now());
  const wire::Go go{wire::kGoMagic};
  // A worker that is gone cannot take it: its pidfd will tell.
  (void)::send(run.socket.get(), &go, sizeof go, MSG_NOSIGNAL | MSG_DONTWAIT);
  heap_.set(serial, run.plan.next(Sample{run.went, Nanos(0), Fuel(0)}));
}

void MonitorThread::look(Serial serial, LiveRun& run) {
  const Sample sample{monotonic_now(), run.cpu(), run.published()};
  ++run.looks;
  const Nanos next = run.plan.next(sample);
  Actions actions = run.state.published(sample.fuel);
  if (actions.empty() && sample.now >= run.wall_deadline) actions = run.state.ask(Cause{Verdict::deadline, "wall"});
  if (actions.empty() && sample.cpu >= to_nanos(run.limits.cpu))
    actions = run.state.ask(Cause{Verdict::deadline, "cpu"});
  if (!actions.empty()) return perform(serial, run, actions);
  if (run.hangup_due && sample.now >= *run.hangup_due)
    return perform(serial, run,
                   run.state.report(Cause{Verdict::crashed, "the worker closed its socket without a report"},
                                    std::nullopt, false, sample.fuel));
  heap_.set(serial, run.hangup_due ? std::min(next, *run.hangup_due) : next);
}

void MonitorThread::watch_park(Serial serial, LiveRun& run) {
  const bool blocked = run.process.is_blocked();
  // Asked after its state: a thread that parked in between sleeps too, and has left an event.
  if (run.userfault.take_event()) return perform(serial, run, run.state.fault_event(true));
  if (run.park->overdue(monotonic_now(), run.cpu(), blocked))
    return perform(serial, run, run.state.park_overdue(run.published()));
  heap_.set(serial, run.park->due());
}

void MonitorThread::on_fault(Serial serial, LiveRun& run) {
  run.userfault_polled = false;
  const bool delivered = run.userfault.take_event();
  perform(serial, run, run.state.fault_event(delivered));
  if (run.state.phase() != Phase::armed || run.userfault_polled) return;
  if (!delivered && ++run.empty_events > kMostEmptyEvents)
    return perform(serial, run, run.state.park_overdue(run.published()));
  ring_->poll_once(run.userfault.get(), token_of(serial, Source::fault));
  run.userfault_polled = true;
}

// The first message is the last one: whatever it is, it ends the run. So nobody can flood us with them.
void MonitorThread::on_message(Serial serial, LiveRun& run) {
  run.socket_polled = false;
  if (receive_report(serial, run) || run.state.phase() == Phase::condemned) return;
  run.hangup_due = monotonic_now() + kHangupGrace;
  if (run.state.phase() == Phase::running) heap_.set(serial, monotonic_now());
}

// False: the socket is closed, or there is nothing in it.
bool MonitorThread::receive_report(Serial serial, LiveRun& run) {
  // One byte more than a report, so that a longer message is told from one. Descriptors that come along are dropped by
  // the kernel, as there is no room for them.
  std::array<std::byte, sizeof(wire::WorkerReport) + 1> buffer;
  const ssize_t size = ::recv(run.socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size <= 0) return false;
  Testimony testimony = read_testimony(std::span(buffer).first(static_cast<std::size_t>(size)));
  if (run.state.conclusion()) return true;
  run.report = testimony.report;
  const Nanos now = monotonic_now();
  run.end(now, testimony.report ? Nanos(testimony.report->ended_nsec) : now,
          Nanos(testimony.report ? testimony.report->cpu_nsec : 0));
  testimony.cause = in_time(std::move(testimony.cause), run.spent());
  const std::optional<Fuel> told = run.limits.counts ? testimony.fuel : std::nullopt;
  perform(serial, run, run.state.report(std::move(testimony.cause), told, testimony.fuel_exact, run.published()));
  return true;
}

void MonitorThread::on_death(Serial serial, LiveRun& run) {
  run.dead = true;
  run.death = run.process.reap();
  if (!run.death) return heap_.set(serial, monotonic_now() + kReapAgain);
  // Its last words may still be in the socket.
  if (!run.state.conclusion()) (void)receive_report(serial, run);
  const bool cpu_spent = run.cpu() >= to_nanos(run.limits.cpu);
  const Cause cause = name_death(run.death->code, run.death->status, cpu_spent);
  perform(serial, run, run.state.exited(cause, run.published()));

  if (run.socket_polled) ring_->cancel(token_of(serial, Source::message));
  if (run.userfault_polled) ring_->cancel(token_of(serial, Source::fault));
  heap_.erase(serial);
  const RunId id = run.id;
  runs_.erase(serial);
  Event reaped;
  reaped.reaped = id;
  events_.post(std::move(reaped));
}

void MonitorThread::perform(Serial serial, LiveRun& run, Actions actions) {
  if (actions.has(Action::disarm)) run.userfault.disarm();
  if (actions.has(Action::arm)) arm(serial, run);
  if (actions.has(Action::interrupt)) interrupt(serial, run);
  if (actions.has(Action::read_registers)) {
    std::optional<Fuel> exact;
    if (run.slot && run.limits.counts)
      if (const auto record = probe_->read(*run.slot)) exact = fuel_at_park(record->registers, run.image.get());
    // Without a slot there will not be a record however often it is tried.
    return perform(serial, run, run.state.registers(exact, run.slot && run.limits.counts, run.published()));
  }
  if (!actions.has(Action::conclude)) return;
  Event event;
  event.outcome = run.outcome(monotonic_now());
  if (actions.has(Action::kill)) run.process.kill();
  heap_.erase(serial);
  events_.post(std::move(event));
}

void MonitorThread::arm(Serial serial, LiveRun& run) {
  const int error = run.userfault.arm();
  ++run.arms;
  if (error == 0 && !run.userfault_polled) {
    ring_->poll_once(run.userfault.get(), token_of(serial, Source::fault));
    run.userfault_polled = true;
  }
  // A run over its fuel limit has burned some of its slack before the look that found it: what may be left of it is all
  // it gets, but enough to reach a safepoint if our own wake-up was late.
  const Nanos slack = to_nanos(run.limits.slack);
  const Nanos cpu = run.cpu();
  const bool out_of_fuel = run.state.cause() && run.state.cause()->verdict == Verdict::out_of_fuel;
  const Nanos budget =
      out_of_fuel ? std::max(run.plan.cpu_within_limit() + slack - cpu, Nanos(slack.count() / 4)) : slack;
  run.empty_events = 0;
  run.park.emplace(monotonic_now(), cpu, budget, run.wall_deadline);
  heap_.set(serial, run.park->due());
  perform(serial, run, run.state.arm_result(error));
}

// Its own check ends it, and its report tells where it stood: a turn at a core more than a park needs. Then the kill,
// as after a park that does not come.
void MonitorThread::interrupt(Serial serial, LiveRun& run) {
  run.process.interrupt();
  const Nanos now = monotonic_now();
  run.park.emplace(now, run.cpu(), to_nanos(run.limits.slack), std::max(now, run.wall_deadline) + kInterruptPatience);
  heap_.set(serial, run.park->due());
}

void MonitorThread::end_all() {
  for (auto& [serial, run] : runs_) run->process.kill();
  for (auto& [serial, run] : runs_) run->process.kill_and_reap(kReapPatience);
  runs_.clear();
}

}  // namespace slack::monitor

// monitor_latency: the monitor's own times: arm, park, resume, timer wake-up, stop latency, looks, and CPU use, with
// fake workers that count fuel.
#include <dirent.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "daemon/base/clock.hpp"
#include "daemon/base/socket.hpp"
#include "daemon/monitor/monitor.hpp"
#include "daemon/monitor/realtime.hpp"
#include "daemon/monitor/ring.hpp"
#include "daemon/monitor/userfault.hpp"
#include "daemon/monitor/worker_process.hpp"
#include "tests/bench/statistics.hpp"
#include "tests/unit/monitor/fake_worker.hpp"

using namespace slack;
using namespace slack::monitor;

namespace {

double micros_between(Nanos from, Nanos to) { return static_cast<double>((to - from).count()) / 1000; }

// On a machine that is busy with other things: workers take their core by SCHED_FIFO, below the monitor.
bool realtime_workers = false;

void take_a_core() {
  const sched_param param{.sched_priority = 1};
  if (realtime_workers) (void)::sched_setscheduler(0, SCHED_FIFO, &param);
}

// Arm, wait, resume, by hand and through the ring, with a worker that spins.
void round_trips() {
  constexpr int kRounds = 5000;
  Assignment worker = test::fork_worker(1, [](int) {
    take_a_core();
    test::inside::count(0, test::kForever);
  });
  const Userfault userfault(std::move(worker.userfaultfd));
  WorkerProcess process(worker.pid, std::move(worker.pidfd));
  const wire::Go go{wire::kGoMagic};
  (void)send_datagram(worker.socket.get(), bytes_of(go));
  auto ring = Ring::create();
  if (!ring) return;
  std::vector<double> arm;
  std::vector<double> parked;
  std::vector<double> resume;
  std::vector<Completion> completions;
  ::usleep(10'000);
  for (int round = 0; round < kRounds; ++round) {
    const Nanos start = monotonic_now();
    if (userfault.arm() != 0) break;
    const Nanos armed = monotonic_now();
    (*ring)->poll_once(userfault.get(), 1);
    if (!(*ring)->wait(completions) || !userfault.take_event()) break;
    const Nanos event = monotonic_now();
    userfault.disarm();
    const Nanos resumed = monotonic_now();
    arm.push_back(micros_between(start, armed));
    parked.push_back(micros_between(start, event));
    resume.push_back(micros_between(event, resumed));
    ::usleep(50);
  }
  process.kill_and_reap(Micros(5'000'000));
  bench::print_line("arm", arm, "us");
  bench::print_line("arm to event", parked, "us");
  bench::print_line("resume", resume, "us");
}

void timer_wake_ups() {
  constexpr int kRounds = 2000;
  auto ring = Ring::create();
  const Fd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!ring || !timer.valid()) return;
  std::vector<double> late;
  std::vector<Completion> completions;
  (*ring)->poll_always(timer.get(), 1);
  for (int round = 0; round < kRounds; ++round) {
    const Nanos due = monotonic_now() + Nanos(300'000);
    itimerspec setting{};
    setting.it_value.tv_sec = static_cast<time_t>(due.count() / 1'000'000'000);
    setting.it_value.tv_nsec = static_cast<long>(due.count() % 1'000'000'000);
    ::timerfd_settime(timer.get(), TFD_TIMER_ABSTIME, &setting, nullptr);
    if (!(*ring)->wait(completions)) return;
    if (!completions.empty() && !completions.front().goes_on) (*ring)->poll_always(timer.get(), 1);
    late.push_back(micros_between(due, monotonic_now()));
  }
  bench::print_line("timer wake-up, late by", late, "us");
}

// Nanoseconds of CPU time that the thread named slackd-monitor has used.
std::uint64_t monitor_cpu() {
  std::uint64_t nanoseconds = 0;
  DIR* folder = ::opendir("/proc/self/task");
  while (const dirent* entry = ::readdir(folder)) {
    const std::string task = std::string("/proc/self/task/") + entry->d_name;
    std::string name;
    std::ifstream(task + "/comm") >> name;
    if (name == "slackd-monitor") std::ifstream(task + "/schedstat") >> nanoseconds;
  }
  ::closedir(folder);
  return nanoseconds;
}

// What a measuring worker notes, in memory shared with us.
struct Notes {
  Nanos cpu_began;
  Nanos cpu_crossed;
  Nanos crossed;
};

// A core's time, not the wall's: whatever else the machine does.
Nanos thread_cpu() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return Nanos(static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(time.tv_nsec));
}

test::Body measuring(Notes* notes, std::uint64_t limit) {
  return [notes, limit](int) {
    take_a_core();
    notes->cpu_began = thread_cpu();
    std::uint64_t fuel = 0;
    for (;;) {
      if (++fuel == limit + 1) {
        notes->crossed = monotonic_now();
        notes->cpu_crossed = thread_cpu();
      }
      test::inside::publish(fuel);
    }
  };
}

std::vector<Outcome> finish(Monitor& monitor, std::size_t runs) {
  std::vector<Outcome> outcomes;
  std::size_t reaped = 0;
  while (reaped < runs) {
    pollfd ready{monitor.event_fd(), POLLIN, 0};
    if (::poll(&ready, 1, 60'000) != 1) break;
    for (Event& event : monitor.take_events()) {
      if (event.outcome) outcomes.push_back(std::move(*event.outcome));
      if (event.reaped) ++reaped;
    }
  }
  return outcomes;
}

// The median rate: fuel a microsecond. 0: a run did not end.
double stop_latency(Monitor& monitor, Notes* notes) {
  constexpr int kRuns = 1000;
  std::vector<double> rates;
  std::vector<double> by_fuel;
  std::vector<double> to_outcome;
  std::vector<double> estimate;
  std::vector<double> looks;
  std::size_t exact = 0;
  for (int run = 0; run < kRuns; ++run) {
    const auto limit = static_cast<std::uint64_t>(2'000'000 + run * 977);
    *notes = Notes{};
    if (!monitor.run(test::fork_worker(1, measuring(notes, limit), {.fuel = Fuel(limit)}))) return 0;
    std::optional<Nanos> told;
    std::optional<Outcome> outcome;
    for (bool reaped = false; !reaped;) {
      pollfd ready{monitor.event_fd(), POLLIN, 0};
      if (::poll(&ready, 1, 60'000) != 1) return 0;
      const Nanos now = monotonic_now();
      for (Event& event : monitor.take_events()) {
        if (event.outcome) {
          told = now;
          outcome = std::move(event.outcome);
        }
        if (event.reaped) reaped = true;
      }
    }
    if (outcome->fuel_exact) ++exact;
    const double rate = static_cast<double>(limit) / micros_between(notes->cpu_began, notes->cpu_crossed);
    rates.push_back(rate);
    by_fuel.push_back(static_cast<double>((*outcome->fuel - Fuel(limit)).count()) / rate);
    to_outcome.push_back(micros_between(notes->crossed, *told));
    if (outcome->stop_latency) estimate.push_back(static_cast<double>(outcome->stop_latency->count()));
    looks.push_back(static_cast<double>(outcome->looks));
  }
  std::printf("stop latency: %d runs of an endless loop, exact fuel in %zu\n", kRuns, exact);
  bench::print_line("  limit crossed to parked, the run's CPU time", by_fuel, "us");
  bench::print_line("  the same as the monitor estimates it", estimate, "us");
  bench::print_line("  limit crossed to outcome at the bus thread", to_outcome, "us");
  bench::print_line("  looks", looks, "");
  return bench::quantile(rates, 0.5);
}

// `rate`: fuel a microsecond.
void long_runs(Monitor& monitor, Notes* notes, std::size_t count, double rate) {
  const auto limit = static_cast<std::uint64_t>(rate * 1'000'000);
  const std::uint64_t cpu_before = monitor_cpu();
  const Nanos before = monotonic_now();
  for (std::size_t i = 1; i <= count; ++i)
    if (!monitor.run(test::fork_worker(i, measuring(notes, limit), {.fuel = Fuel(limit), .wall = kUnlimitedTime})))
      return;
  std::uint64_t looks = 0;
  for (const Outcome& outcome : finish(monitor, count)) looks += outcome.looks;
  const double took = micros_between(before, monotonic_now());
  const double cpu = static_cast<double>(monitor_cpu() - cpu_before) / 1000;
  std::printf(
      "%zu runs at once, each about 1 s of CPU to its limit: %.1f looks a run, monitor CPU %.0f us in %.2f s (%.3f "
      "%%)\n",
      count, static_cast<double>(looks) / static_cast<double>(count), cpu, took / 1e6, 100 * cpu / took);
}

void idle(Monitor& monitor, Notes* notes) {
  if (!monitor.run(test::fork_worker(1, measuring(notes, test::kForever - 1)))) return;
  ::usleep(50'000);
  const std::uint64_t before = monitor_cpu();
  ::usleep(500'000);
  const std::uint64_t after = monitor_cpu();
  monitor.stop(1, Verdict::killed, "bench");
  (void)finish(monitor, 1);
  std::printf("a run without a fuel limit: monitor CPU %llu ns in 0.5 s\n",
              static_cast<unsigned long long>(after - before));
}

}  // namespace

int main(int count, char** arguments) {
  realtime_workers = count > 1 && std::string_view(arguments[1]) == "--realtime-workers";
  if (!test::userfaultfd_works()) {
    std::printf("SKIPPED: monitor_latency: no user-mode userfaultfd\n");
    return 77;  // meson's exit status for a skipped test
  }
  std::thread([] {
    const auto realtime = make_this_thread_realtime();
    std::printf("by hand, %s\n", realtime ? "SCHED_FIFO" : realtime.error().what.c_str());
    round_trips();
    timer_wake_ups();
  }).join();

  auto monitor = Monitor::start({});
  if (!monitor) {
    std::fprintf(stderr, "%s\n", monitor.error().what.c_str());
    return 1;
  }
  const Status status = (*monitor)->status();
  std::printf("monitor: %s, %s\n", status.realtime ? "SCHED_FIFO" : status.realtime_reason.c_str(),
              status.bpf ? "BPF" : status.bpf_reason.c_str());
  void* shared = ::mmap(nullptr, sizeof(Notes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return 1;
  auto* notes = static_cast<Notes*>(shared);
  const double rate = stop_latency(**monitor, notes);
  long_runs(**monitor, notes, 1, rate);
  long_runs(**monitor, notes, 8, rate);
  idle(**monitor, notes);
  return 0;
}

// fault_cost: what the page-fault hook costs the machine: anonymous page faults with and without the program attached,
// interleaved in one run.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <optional>
#include <vector>

#include "daemon/base/clock.hpp"
#include "daemon/monitor/worker_process.hpp"
#include "kmod-free-bpf/safepoint_probe.hpp"
#include "tests/bench/statistics.hpp"
#include "tests/unit/monitor/fake_worker.hpp"

using namespace slack;

namespace {

constexpr int kRounds = 41;
constexpr std::size_t kPages = 8192;
constexpr std::size_t kPageBytes = 4096;

// Nanoseconds a fault, over kPages first touches.
double touch_all(char* region) {
  const Nanos begin = monotonic_now();
  for (std::size_t page = 0; page < kPages; ++page) *static_cast<volatile char*>(region + page * kPageBytes) = 1;
  const Nanos end = monotonic_now();
  ::madvise(region, kPages * kPageBytes, MADV_DONTNEED);
  return static_cast<double>((end - begin).count()) / kPages;
}

double in_micros(Nanos duration) { return static_cast<double>(duration.count()) / 1000; }

}  // namespace

int main() {
  auto probe = bpf::SafepointProbe::open();
  if (!probe) {
    std::printf("SKIPPED: fault_cost: %s\n", probe.error().what.c_str());
    return 77;  // meson's exit status for a skipped test
  }
  void* mapped = ::mmap(nullptr, kPages * kPageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return 1;
  char* region = static_cast<char*>(mapped);
  ::madvise(region, kPages * kPageBytes, MADV_NOHUGEPAGE);
  (void)touch_all(region);

  std::vector<double> without;
  std::vector<double> with;
  std::vector<double> attach;
  std::vector<double> detach;
  for (int round = 0; round < kRounds; ++round) {
    without.push_back(touch_all(region));

    // Attached as long as a worker is watched: here one that waits for its Go.
    monitor::Assignment worker = test::fork_worker(1, [](int) {});
    monitor::WorkerProcess process(worker.pid, std::move(worker.pidfd));
    const Nanos before = monotonic_now();
    const auto slot = (*probe)->watch(process.pidfd());
    attach.push_back(in_micros(monotonic_now() - before));
    if (!slot) {
      std::fprintf(stderr, "%s\n", slot.error().what.c_str());
      return 1;
    }
    with.push_back(touch_all(region));
    process.kill_and_reap(Micros(5'000'000));
    (*probe)->release(*slot);
    const Nanos after = monotonic_now();
    (void)(*probe)->detach_if_idle();
    detach.push_back(in_micros(monotonic_now() - after));
    ::usleep(20'000);  // past the grace period, so that the next attaching is a fresh one
  }
  bench::print_line("anonymous page fault, program detached", without, "ns");
  bench::print_line("anonymous page fault, program attached", with, "ns");
  std::vector<double> ratios;
  for (int round = 0; round < kRounds; ++round) ratios.push_back(with[round] / without[round]);
  bench::print_line("ratio, round by round", ratios, "");
  bench::print_line("attaching", attach, "us");
  bench::print_line("detaching", detach, "us");
  return 0;
}

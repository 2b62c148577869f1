// Measures the stop latency from outside: a thread of the test watches a worker's published fuel cross the limit and
// then stand still, in run after run of an endless loop; every run must end out_of_fuel with an exact figure.
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <thread>

#include "daemon/base/address_map.hpp"
#include "daemon/base/clock.hpp"
#include "tests/system/peer.hpp"

namespace {

using namespace slack;

// Far enough for the watcher to find the worker's page before the limit is crossed.
constexpr std::uint64_t kLimit = 400'000'000;

// The safepoint page of the one run that is live, through the daemon's own descriptor of it.
const volatile std::uint64_t* map_safepoint_page(pid_t daemon, const std::atomic<bool>& give_up) {
  const std::string folder = "/proc/" + std::to_string(daemon) + "/fd";
  while (!give_up) {
    DIR* entries = ::opendir(folder.c_str());
    if (entries == nullptr) return nullptr;
    while (const dirent* entry = ::readdir(entries)) {
      const std::string path = folder + "/" + entry->d_name;
      char target[256] = {};
      if (::readlink(path.c_str(), target, sizeof target - 1) <= 0) continue;
      if (std::string_view(target).find("/memfd:slack-safepoint") != 0) continue;
      const Fd memfd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
      struct stat status{};
      // The daemon may have made it this moment, and not given it its size: a read of what it has not is SIGBUS.
      if (!memfd.valid() || ::fstat(memfd.get(), &status) != 0 ||
          static_cast<std::uint64_t>(status.st_size) < address_map::kPageBytes)
        continue;
      void* page = ::mmap(nullptr, address_map::kPageBytes, PROT_READ, MAP_SHARED, memfd.get(), 0);
      if (page == MAP_FAILED) continue;
      ::closedir(entries);
      return static_cast<const volatile std::uint64_t*>(page);
    }
    ::closedir(entries);
    ::usleep(200);
  }
  return nullptr;
}

// A watcher that was off its core while the limit was crossed knows the moment no better than this.
constexpr std::uint64_t kBlurNanos = 20'000;

struct Watched {
  bool in_time = false;             // the page was found before the limit was crossed
  bool sharp = false;               // the watcher ran while it was crossed and until it stood still
  std::uint64_t latency_nanos = 0;  // from the crossing to the last change of the published fuel
};

// The watcher needs a core of its own: real-time, below the monitor's priority.
void keep_the_core() {
  sched_param parameter{};
  parameter.sched_priority = 1;
  (void)::pthread_setschedparam(::pthread_self(), SCHED_FIFO, &parameter);
}

Watched watch(pid_t daemon, const std::atomic<bool>& finished) {
  Watched seen;
  const volatile std::uint64_t* page = map_safepoint_page(daemon, finished);
  if (page == nullptr) return seen;
  keep_the_core();
  std::uint64_t last = *page;
  seen.in_time = last <= kLimit;
  seen.sharp = true;
  std::uint64_t crossed = 0;
  std::uint64_t last_change = 0;
  std::uint64_t before = monotonic_now().count();
  while (!finished) {
    const std::uint64_t fuel = *page;
    const std::uint64_t now = monotonic_now().count();
    const bool blurred = now - before > kBlurNanos;
    before = now;
    if (fuel == last) continue;
    last = fuel;
    if (fuel <= kLimit) continue;
    if (blurred) seen.sharp = false;
    last_change = now;
    if (crossed == 0) crossed = now;
  }
  ::munmap(const_cast<std::uint64_t*>(page), address_map::kPageBytes);
  seen.in_time = seen.in_time && crossed != 0;
  seen.latency_nanos = last_change - crossed;
  return seen;
}

void print_distribution(const char* name, std::vector<std::uint64_t> values, double per_unit) {
  if (values.empty()) return;
  std::sort(values.begin(), values.end());
  const auto at = [&](double part) {
    return static_cast<double>(values[std::min(values.size() - 1,
                                               static_cast<std::size_t>(part * static_cast<double>(values.size())))]) /
           per_unit;
  };
  std::printf("%-34s n=%zu  p50 %.1f  p90 %.1f  p99 %.1f  max %.1f us\n", name, values.size(), at(0.5), at(0.9),
              at(0.99), at(1.0));
}

std::optional<int> number_of_runs(std::string_view text) {
  constexpr int kMost = 1'000'000;
  int runs = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), runs);
  if (error != std::errc() || end != text.data() + text.size() || runs < 1 || runs > kMost) return std::nullopt;
  return runs;
}

int complain(const char* what) {
  std::fprintf(stderr, "stop-latency: %s; usage: SLACKD=BUILD/daemon/bus/slackd stop-latency [RUNS]\n", what);
  return 64;  // EX_USAGE
}

}  // namespace

int main(int count, char** arguments) {
  const std::optional<int> runs_wanted = count == 1 ? 1000 : count == 2 ? number_of_runs(arguments[1]) : std::nullopt;
  if (!runs_wanted) return complain("RUNS is a number from 1 to 1000000");
  if (test::daemon_program() == nullptr) return complain("SLACKD does not name the daemon's program");
  const int runs = *runs_wanted;
  std::vector<std::uint64_t> latencies;
  std::vector<std::uint64_t> estimates;
  std::vector<std::uint64_t> looks;
  int wrong = 0;
  int unseen = 0;
  int blurred = 0;
  test::Peer peer;
  const std::string module = test::endless_module();
  for (int i = 0; i < runs; ++i) {
    std::atomic<bool> finished = false;
    Watched seen;
    std::thread watcher([&] { seen = watch(peer.pid(), finished); });
    test::Finished result;
    try {
      const std::string run = peer.run_module(module, {test::fuel(kLimit)});
      result = peer.wait_for(run);
    } catch (const std::exception& error) {
      result.verdict = error.what();
    }
    finished = true;
    watcher.join();
    const bool good = result.verdict == "out_of_fuel" && result.number("fuel_consumed") > kLimit;
    const bool exact = good && result.number("fuel_exact") == 1;
    if (!good || !exact) {
      std::printf("run %d: verdict %s, exact %d\n", i, result.verdict.c_str(), exact);
      ++wrong;
      if (wrong > 10) break;
      continue;
    }
    if (!seen.in_time) {
      ++unseen;
    } else if (!seen.sharp) {
      ++blurred;
    } else {
      latencies.push_back(seen.latency_nanos);
    }
    if (result.result.contains("stop_latency_usec")) estimates.push_back(result.number("stop_latency_usec"));
    looks.push_back(result.number("looks"));
  }
  print_distribution("stop latency, seen from outside", latencies, 1000.0);
  print_distribution("stop latency, the report's estimate", estimates, 1.0);
  if (!looks.empty()) {
    std::sort(looks.begin(), looks.end());
    std::printf("looks per run: median %lu, most %lu\n", static_cast<unsigned long>(looks[looks.size() / 2]),
                static_cast<unsigned long>(looks.back()));
  }
  std::printf("%d runs: %d not out_of_fuel with an exact figure; %d crossed before the watcher was there, ", runs,
              wrong, unseen);
  std::printf("%d while it had no core\n", blurred);
  // A watcher that saw too little has measured nothing.
  const bool enough = latencies.size() * 4 >= static_cast<std::size_t>(runs);
  std::printf("%d passed, %d failed, 0 skipped\n", runs - wrong, wrong + (enough ? 0 : 1));
  return wrong == 0 && enough ? 0 : 1;
}

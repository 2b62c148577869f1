// What a run costs that has nothing to do: an empty _start whose image is in the cache, from the call to RunFinished.
#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <thread>
#include <vector>

#include "daemon/base/clock.hpp"
#include "tests/system/peer.hpp"

namespace {

using namespace slack;
using namespace slack::test;

double milliseconds(Nanos time) { return static_cast<double>(time.count()) / 1e6; }

int measure(int rounds, std::chrono::milliseconds pause) {
  Peer peer;
  const std::string wasm = empty_module();
  auto module = make_sealed_memfd("module", wasm.data(), Bytes(wasm.size()));
  if (!module) return 1;
  (void)peer.wait_for(peer.run_module(module->get(), {}));
  std::vector<Nanos> times;
  for (int i = 0; i < rounds; ++i) {
    if (pause.count() > 0) std::this_thread::sleep_for(pause);
    const Nanos began = monotonic_now();
    const Finished finished = peer.wait_for(peer.run_module(module->get(), {}));
    times.push_back(monotonic_now() - began);
    if (finished.verdict != "ok" || finished.text("cache") != "hit") {
      std::fprintf(stderr, "warm-run: a run ended %s, cache %s\n", finished.verdict.c_str(),
                   finished.text("cache").c_str());
      return 1;
    }
  }
  std::sort(times.begin(), times.end());
  const auto at = [&](double share) { return milliseconds(times[static_cast<std::size_t>(share * (rounds - 1))]); };
  std::printf("warm RunModule, call to RunFinished, %d runs: p50 %.2f ms, p90 %.2f ms, p99 %.2f ms, most %.2f ms\n",
              rounds, at(0.5), at(0.9), at(0.99), at(1));
  return 0;
}

}  // namespace

// Usage: warm-run [RUNS [PAUSE]]; SLACKD names the daemon. PAUSE, in milliseconds, is between a run's end and the next
// call: a service that is asked now and then, in place of a loop. Reported, for a quiet machine: the promise is 1 ms
// and 5 ms.
int main(int argc, char** argv) {
  try {
    return measure(argc > 1 ? std::max(std::atoi(argv[1]), 1) : 500,
                   std::chrono::milliseconds(argc > 2 ? std::max(std::atoi(argv[2]), 0) : 0));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "warm-run: %s\n", error.what());
    return 1;
  }
}

// Monitor: one thread with one io_uring that owns every clock and every userfaultfd of the running workers.
//
// The bus thread hands runs in and takes outcomes out; nothing else crosses. All methods are for the bus thread.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/fd.hpp"
#include "daemon/base/units.hpp"
#include "daemon/monitor/safepoint_state.hpp"
#include "daemon/wire/verdict.hpp"
#include "daemon/wire/worker_protocol.hpp"
#include "jit/image/image_view.hpp"

namespace slack::monitor {

using RunId = std::uint64_t;

struct RunLimits {
  Fuel fuel = kUnlimitedFuel;
  Micros slack{10'000};
  Micros wall{60'000'000};  // from go
  Micros cpu = kUnlimitedTime;
  bool counts = true;      // false: metering tells no fuel, not even at the end (none, epoch)
  Halt halt = Halt::park;  // what its metering leaves to end it by
};

// A prepared worker (it has said Hello{prepared}); the monitor sends Go.
struct Assignment {
  RunId id = 0;
  pid_t pid = -1;
  Fd pidfd;
  Fd socket;
  Fd userfaultfd;
  Fd safepoint_page;
  std::shared_ptr<const image::ImageView> image;
  RunLimits limits;
};

// The first verdict reached, with its evidence. `report` is what the worker said, if it came to that: believed only as
// far as the verdict allows.
struct Outcome {
  RunId id = 0;
  Verdict verdict = Verdict::crashed;
  std::string reason;  // limit: its name; crashed: signal or exit status; deadline: "wall" or "cpu"; killed: who
  std::optional<wire::WorkerReport> report;
  std::optional<Fuel> fuel;
  bool fuel_exact = false;
  std::optional<Micros> stop_latency;  // estimate by rate: limit crossed until parked
  std::uint64_t looks = 0;
  std::uint64_t arms = 0;
  Micros run_time;
  Micros cpu_time;
  Bytes peak_memory;  // 0: not known, the worker let go of its memory before it could be read
};

// What becomes known: first the outcome, later (after the kernel freed the worker's memory) that it was reaped.
struct Event {
  std::optional<Outcome> outcome;
  std::optional<RunId> reaped;
};

struct Status {
  bool bpf = false;
  std::string bpf_reason;  // why not
  bool realtime = false;
  std::string realtime_reason;
};

class Monitor {
 public:
  struct Config {
    bool want_realtime = true;
    bool want_bpf = true;
  };
  [[nodiscard]] static Expected<std::unique_ptr<Monitor>> start(const Config& config);
  ~Monitor();  // kills and reaps what still runs

  // On a fault (the id is in use, the safepoint page is not what a zygote made) the worker is killed and reaped, and no
  // event comes. It costs up to 0.3 ms when nothing has run for a second: the BPF program is attached.
  [[nodiscard]] Expected<void> run(Assignment assignment);
  // Ends a run with `verdict` unless it has one already.
  void stop(RunId id, Verdict verdict, std::string reason);
  // Published fuel now, without stopping anyone.
  [[nodiscard]] std::optional<Fuel> published_fuel(RunId id) const;

  [[nodiscard]] int event_fd() const;  // readable when take_events has something
  [[nodiscard]] std::vector<Event> take_events();
  [[nodiscard]] Status status() const;

 private:
  class Impl;
  explicit Monitor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace slack::monitor

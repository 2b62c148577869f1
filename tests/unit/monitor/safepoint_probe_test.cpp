// The BPF program and its loader with a real parked thread. Skipped by name where BPF is not to be had.
#include "kmod-free-bpf/safepoint_probe.hpp"

#include <poll.h>

#include <catch2/catch.hpp>
#include <cstdio>

#include "daemon/base/socket.hpp"
#include "daemon/monitor/safepoint_page.hpp"
#include "daemon/monitor/userfault.hpp"
#include "daemon/monitor/worker_process.hpp"
#include "tests/unit/monitor/fake_worker.hpp"

using namespace slack;

namespace {

std::unique_ptr<bpf::SafepointProbe> open_or_skip(const char* name) {
  auto probe = bpf::SafepointProbe::open();
  if (probe && test::userfaultfd_works()) return std::move(*probe);
  std::printf("SKIPPED: %s: %s\n", name, probe ? "no user-mode userfaultfd" : probe.error().what.c_str());
  return nullptr;
}

// A worker outside any monitor: the test is its monitor.
struct Parked {
  explicit Parked(const test::Body& body)
      : assignment(test::fork_worker(1, body)),
        page(std::move(*monitor::SafepointPage::map(assignment.safepoint_page))),
        userfault(std::move(assignment.userfaultfd)),
        process(assignment.pid, Fd(::dup(assignment.pidfd.get()))) {}
  ~Parked() { process.kill_and_reap(Micros(5'000'000)); }
  void go() {
    const wire::Go message{wire::kGoMagic};
    (void)send_datagram(assignment.socket.get(), bytes_of(message));
  }
  bool park() {
    if (userfault.arm() != 0) return false;
    pollfd ready{userfault.get(), POLLIN, 0};
    return ::poll(&ready, 1, 5'000) == 1 && userfault.take_event();
  }

  monitor::Assignment assignment;
  monitor::SafepointPage page;
  monitor::Userfault userfault;
  monitor::WorkerProcess process;
};

void spin(int) { test::inside::count(0, test::kForever); }

}  // namespace

TEST_CASE("a watched thread that parks leaves its registers, park after park") {
  const auto probe = open_or_skip("a watched thread that parks leaves its registers, park after park");
  if (!probe) return;
  Parked worker(spin);
  const auto slot = probe->watch(worker.assignment.pidfd.get());
  REQUIRE(slot);
  CHECK(probe->attached());
  CHECK_FALSE(probe->read(*slot));
  worker.go();
  const std::uint64_t safepoint = test::spin_image()->safepoints.front().pc;
  std::uint64_t sequence = 0;
  for (int round = 0; round < 200; ++round) {
    REQUIRE(worker.park());
    const auto record = probe->read(*slot);
    REQUIRE(record);
    REQUIRE(record->registers.ip == safepoint);
    // The store that faulted publishes one more than the page holds.
    REQUIRE(Fuel(record->registers.general[14]) == worker.page.published() + Fuel(1));
    // Not always a new record: a thread that was armed again before it moved faults once.
    REQUIRE(record->sequence >= sequence);
    sequence = record->sequence;
    worker.userfault.disarm();
  }
}

TEST_CASE("a slot that is used again does not show its former user's record") {
  const auto probe = open_or_skip("a slot that is used again does not show its former user's record");
  if (!probe) return;
  std::optional<bpf::Slot> former;
  {
    Parked worker(spin);
    const auto slot = probe->watch(worker.assignment.pidfd.get());
    REQUIRE(slot);
    worker.go();
    REQUIRE(worker.park());
    REQUIRE(probe->read(*slot));
    former = *slot;
  }
  probe->release(*former);
  Parked worker(spin);
  const auto slot = probe->watch(worker.assignment.pidfd.get());
  REQUIRE(slot);
  CHECK(slot->index == former->index);
  CHECK_FALSE(probe->read(*slot));
}

TEST_CASE("a worker that jumps to the safepoint page does not touch its record") {
  const auto probe = open_or_skip("a worker that jumps to the safepoint page does not touch its record");
  if (!probe) return;
  Parked worker([](int) { reinterpret_cast<void (*)()>(0x200000)(); });
  const auto slot = probe->watch(worker.assignment.pidfd.get());
  REQUIRE(slot);
  worker.go();
  pollfd dead{worker.process.pidfd(), POLLIN, 0};
  REQUIRE(::poll(&dead, 1, 5'000) == 1);
  CHECK_FALSE(probe->read(*slot));
}

TEST_CASE("the program is attached only while somebody is watched") {
  const auto probe = open_or_skip("the program is attached only while somebody is watched");
  if (!probe) return;
  CHECK_FALSE(probe->attached());
  std::optional<bpf::Slot> slot;
  {
    Parked worker(spin);
    slot = *probe->watch(worker.assignment.pidfd.get());
    CHECK_FALSE(probe->detach_if_idle());
    CHECK(probe->attached());
  }
  probe->release(*slot);
  CHECK(probe->detach_if_idle());
  CHECK_FALSE(probe->attached());
}

TEST_CASE("watching a dead process is a fault and holds no slot") {
  const auto probe = open_or_skip("watching a dead process is a fault and holds no slot");
  if (!probe) return;
  Parked worker(spin);
  worker.process.kill_and_reap(Micros(5'000'000));
  const auto slot = probe->watch(worker.assignment.pidfd.get());
  REQUIRE_FALSE(slot);
  CHECK(slot.error().code == ENOENT);
  CHECK(probe->detach_if_idle());
}

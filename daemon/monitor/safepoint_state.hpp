// SafepointState: the life of one run between Go and its verdict, as a pure state machine.
//
//   running ──▶ armed ──▶ parked ──▶ running (registers were not to be had: once more)
//                 │          └─────▶ condemned ──▶ ended
//                 └── report, death, or no safepoint in time ──▶ condemned ──▶ ended
// Code without safepoint stores does not park. Where it checks an epoch, armed is the time between the interrupt and
// the report that its own check brings; where it does not even that, there is nothing to wait for. What the kernel was
// seen to do is accepted: an event twice, an event that vanished (EAGAIN), ESRCH on arming a dead worker, a death seen
// only on the pidfd. Every run gets exactly one conclusion. It is the first cause that came up, with one exception that
// makes verdicts independent of timing: fuel over the limit is out_of_fuel whatever else was said, even if the run
// finished before anyone looked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/base/units.hpp"
#include "daemon/wire/verdict.hpp"

namespace slack::monitor {

enum class Phase : std::uint8_t { running, armed, parked, condemned, ended };

// What brings a run out of its module's code before its end.
enum class Halt : std::uint8_t {
  park,       // it stores to its safepoint page
  interrupt,  // it checks an epoch, which a signal sets
  kill,       // nothing does
};

// Why a run is to end. `reason` is Outcome::reason.
struct Cause {
  Verdict verdict = Verdict::crashed;
  std::string reason;
};

struct Conclusion {
  Verdict verdict = Verdict::crashed;
  std::string reason;
  Fuel fuel;                // the largest figure known
  bool fuel_exact = false;  // `fuel` is the figure at the end or at the park, not the last published one
  bool parked = false;      // the run was parked when it was condemned
};

// What the machine wants done, to be carried out in the order of these bits.
enum class Action : std::uint8_t {
  disarm = 1,          // un-protect the page, which wakes whoever is parked there
  arm = 2,             // write-protect the page; answer with arm_result()
  interrupt = 4,       // signal it; its report answers
  read_registers = 8,  // answer with registers()
  kill = 16,
  conclude = 32,  // conclusion() is set now
};
class Actions {
 public:
  constexpr Actions() = default;
  constexpr Actions(Action action) : bits_(static_cast<std::uint8_t>(action)) {}  // NOLINT: a set of one
  [[nodiscard]] constexpr bool has(Action action) const { return (bits_ & static_cast<std::uint8_t>(action)) != 0; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  friend constexpr Actions operator|(Actions a, Actions b) {
    a.bits_ = static_cast<std::uint8_t>(a.bits_ | b.bits_);
    return a;
  }
  friend constexpr bool operator==(Actions, Actions) = default;

 private:
  std::uint8_t bits_ = 0;
};
constexpr Actions operator|(Action a, Action b) { return Actions(a) | Actions(b); }

class SafepointState {
 public:
  // How often a park whose registers are missing is repeated before the published fuel has to do. They can be missing
  // when the kernel's task storage was busy on that core (kernels before 6.2 give up then).
  static constexpr int kRegisterRetries = 3;

  // kUnlimitedFuel: no figure is over the limit.
  SafepointState(Fuel limit, Halt halt) : limit_(limit), halt_(halt) {}

  // A look at the page. Code that publishes at its end only is about to report when there is a figure: that is waited
  // for, as it is exact.
  [[nodiscard]] Actions published(Fuel fuel);
  // A deadline passed, or a client wants the run to stop.
  [[nodiscard]] Actions ask(Cause cause);
  // Answer to Action::arm: 0 or an errno value. ESRCH is a worker that is dying: the pidfd will tell more. Any other
  // failure is a worker that changed its own mapping: it is not given a second chance.
  [[nodiscard]] Actions arm_result(int error);
  // The userfaultfd was readable. Not `delivered`: the event had vanished (EAGAIN), its thread was woken or killed.
  [[nodiscard]] Actions fault_event(bool delivered);
  // Answer to Action::read_registers: the exact fuel, if they told; and a last look. `again`: another park may bring
  // what is missing.
  [[nodiscard]] Actions registers(std::optional<Fuel> exact, bool again, Fuel published);
  // An armed run reached no safepoint, or no check, in the time it was given. `published`: a last look.
  [[nodiscard]] Actions park_overdue(Fuel published);
  // The worker's own word on how it ended, or ours on how it misbehaved; and a last look. `fuel` absent: none was told.
  [[nodiscard]] Actions report(Cause cause, std::optional<Fuel> fuel, bool fuel_exact, Fuel published);
  // The pidfd: the process is dead. `cause` names the death and counts only if nothing else came first.
  [[nodiscard]] Actions exited(Cause cause, Fuel published);

  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] Fuel fuel() const { return fuel_; }
  [[nodiscard]] const std::optional<Conclusion>& conclusion() const { return conclusion_; }
  // What an armed or parked run is armed for.
  [[nodiscard]] const std::optional<Cause>& cause() const { return cause_; }

 private:
  [[nodiscard]] bool open() const { return phase_ != Phase::condemned && phase_ != Phase::ended; }
  void know(Fuel fuel, bool exact);
  [[nodiscard]] Actions conclude(Phase next);

  Fuel limit_;
  Halt halt_;
  Phase phase_ = Phase::running;
  Fuel fuel_;
  bool fuel_exact_ = false;
  bool parked_ = false;
  int register_retries_ = 0;
  std::optional<Cause> cause_;
  std::optional<Conclusion> conclusion_;
};

}  // namespace slack::monitor

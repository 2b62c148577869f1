// The transitions of the safepoint state machine.
#include "daemon/monitor/safepoint_state.hpp"

#include <cerrno>
#include <utility>

namespace slack::monitor {

// Fuel only grows; a figure below one already known is a forgery or stale, and tells nothing.
void SafepointState::know(Fuel fuel, bool exact) {
  if (fuel < fuel_) return;
  if (fuel > fuel_) fuel_exact_ = false;
  fuel_ = fuel;
  fuel_exact_ = fuel_exact_ || exact;
}

Actions SafepointState::conclude(Phase next) {
  const bool worker_lives = next != Phase::ended;
  phase_ = next;
  Conclusion conclusion;
  conclusion.verdict = cause_->verdict;
  conclusion.reason = cause_->reason;
  conclusion.fuel = fuel_;
  conclusion.fuel_exact = fuel_exact_;
  conclusion.parked = parked_;
  if (fuel_ > limit_ && conclusion.verdict != Verdict::out_of_fuel) {
    // How a worker crashed stays worth telling; what else it claimed does not.
    if (conclusion.verdict != Verdict::crashed) conclusion.reason.clear();
    conclusion.verdict = Verdict::out_of_fuel;
  }
  conclusion_ = std::move(conclusion);
  return worker_lives ? Action::kill | Action::conclude : Actions(Action::conclude);
}

Actions SafepointState::published(Fuel fuel) {
  if (!open()) return {};
  know(fuel, false);
  if (phase_ != Phase::running || fuel_ <= limit_ || halt_ != Halt::park) return {};
  return ask(Cause{Verdict::out_of_fuel, {}});
}

Actions SafepointState::ask(Cause cause) {
  if (phase_ != Phase::running) return {};
  cause_ = std::move(cause);
  if (halt_ == Halt::kill) return conclude(Phase::condemned);
  phase_ = Phase::armed;
  return halt_ == Halt::park ? Action::arm : Action::interrupt;
}

Actions SafepointState::arm_result(int error) {
  if (error == 0 || error == ESRCH || phase_ != Phase::armed) return {};
  return conclude(Phase::condemned);
}

Actions SafepointState::fault_event(bool delivered) {
  if (!delivered) return {};
  // An event of an arming that has been undone: the thread sleeps on a page that is open again.
  if (phase_ == Phase::running) return Action::disarm;
  if (phase_ != Phase::armed) return {};
  phase_ = Phase::parked;
  return Action::read_registers;
}

Actions SafepointState::registers(std::optional<Fuel> exact, bool again, Fuel published) {
  if (phase_ != Phase::parked) return {};
  know(published, false);
  if (!exact && again && register_retries_ < kRegisterRetries) {
    ++register_retries_;
    phase_ = Phase::running;
    return Action::disarm | ask(*std::exchange(cause_, std::nullopt));
  }
  if (exact) know(*exact, true);
  parked_ = true;
  return conclude(Phase::condemned);
}

Actions SafepointState::park_overdue(Fuel published) {
  if (phase_ != Phase::armed) return {};
  know(published, false);
  return conclude(Phase::condemned);
}

Actions SafepointState::report(Cause cause, std::optional<Fuel> fuel, bool fuel_exact, Fuel published) {
  if (!open()) return {};
  if (fuel) know(*fuel, fuel_exact);
  know(published, false);
  if (!cause_) cause_ = std::move(cause);
  return conclude(Phase::condemned);
}

Actions SafepointState::exited(Cause cause, Fuel published) {
  if (phase_ == Phase::ended) return {};
  if (phase_ == Phase::condemned) {
    phase_ = Phase::ended;
    return {};
  }
  know(published, false);
  if (!cause_) cause_ = std::move(cause);
  return conclude(Phase::ended);
}

}  // namespace slack::monitor

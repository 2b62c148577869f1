// Counts what live runs take, by user and in all.
#include "daemon/run/admission.hpp"

#include <algorithm>
#include <utility>

namespace slack::run {
namespace {

tl::unexpected<Excess> over(std::string limit, std::uint64_t asked, std::uint64_t allowed) {
  return tl::unexpected<Excess>(Excess{std::move(limit), asked, allowed});
}

}  // namespace

std::string describe(const Excess& excess) {
  return excess.limit + ": " + std::to_string(excess.asked) + " asked for, " + std::to_string(excess.allowed) +
         " allowed";
}

Admission::Limits Admission::Limits::for_descriptors(std::uint64_t descriptors) {
  Limits limits;
  // A quarter stays for the bus, the zygotes, the monitor and directories.
  const std::uint64_t runs = descriptors / 4 * 3 / limits::kFdsPerRun;
  limits.runs = static_cast<std::size_t>(std::clamp<std::uint64_t>(runs, 1, limits.runs));
  limits.runs_per_user = std::min(limits.runs_per_user, limits.runs);
  return limits;
}

Admission::Admission(const Limits& limits) : limits_(limits), ledger_(std::make_shared<Ledger>()) {}

tl::expected<Admission::Charge, Excess> Admission::admit(const Demand& demand) {
  if (demand.memory > limits::kMemoryBytes)
    return over("option 'memory_bytes'", demand.memory.count(), limits::kMemoryBytes.count());
  if (demand.arguments > limits::kArgumentBytes)
    return over("bytes of arguments", demand.arguments.count(), limits::kArgumentBytes.count());
  if (demand.environment > limits::kEnvironmentBytes)
    return over("bytes of environment", demand.environment.count(), limits::kEnvironmentBytes.count());
  if (demand.name_bytes > limits::kNameBytes)
    return over("bytes of option 'name'", demand.name_bytes, limits::kNameBytes);
  if (demand.directories > limits::kDirectories)
    return over("directories of a run", demand.directories, limits::kDirectories);

  const auto found = ledger_->users.find(demand.uid);
  const Use user = found == ledger_->users.end() ? Use{} : found->second;
  const Use& total = ledger_->total;
  const std::string of_user = " of user " + std::to_string(demand.uid);
  if (user.runs + 1 > limits_.runs_per_user) return over("live runs" + of_user, user.runs + 1, limits_.runs_per_user);
  if (total.runs + 1 > limits_.runs) return over("live runs of all users", total.runs + 1, limits_.runs);
  if (user.held + demand.held > limits_.held_per_user)
    return over("bytes of held output (option 'output_bytes')" + of_user, (user.held + demand.held).count(),
                limits_.held_per_user.count());
  if (total.held + demand.held > limits_.held)
    return over("bytes of held output of all users", (total.held + demand.held).count(), limits_.held.count());
  if (user.directories + demand.directories > limits_.directories_per_user)
    return over("directories" + of_user, user.directories + demand.directories, limits_.directories_per_user);
  return Charge(ledger_, demand);
}

Admission::Charge::Charge(std::shared_ptr<Ledger> ledger, const Demand& demand)
    : ledger_(std::move(ledger)), demand_(demand) {
  for (Use* use : {&ledger_->total, &ledger_->users[demand.uid]}) {
    ++use->runs;
    use->held += demand.held;
    use->directories += demand.directories;
  }
}

Admission::Charge& Admission::Charge::operator=(Charge&& other) noexcept {
  if (this != &other) {
    give_back();
    ledger_ = std::move(other.ledger_);
    demand_ = other.demand_;
  }
  return *this;
}

void Admission::Charge::give_back() {
  const auto ledger = std::exchange(ledger_, nullptr);
  if (ledger == nullptr) return;
  const auto user = ledger->users.find(demand_.uid);
  for (Use* use : {&ledger->total, &user->second}) {
    --use->runs;
    use->held = use->held - demand_.held;
    use->directories -= demand_.directories;
  }
  if (user->second.runs == 0) ledger->users.erase(user);
}

}  // namespace slack::run

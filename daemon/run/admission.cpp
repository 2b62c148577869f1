// Counts what live runs take, by user and in all.
#include "daemon/run/admission.hpp"

#include <algorithm>
#include <utility>

namespace slack::run {
namespace {

// More than any run may have.
tl::unexpected<Excess> over(std::string limit, std::uint64_t asked, std::uint64_t allowed) {
  return tl::unexpected<Excess>(Excess{std::move(limit), asked, allowed, false});
}

// More than is left.
tl::unexpected<Excess> full(std::string limit, std::uint64_t asked, std::uint64_t allowed) {
  return tl::unexpected<Excess>(Excess{std::move(limit), asked, allowed, true});
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

Admission::Admission(const Limits& limits) : ledger_(std::make_shared<Ledger>()) { ledger_->limits = limits; }

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
    return over("directories of a run (option 'dirs')", demand.directories, limits::kDirectories);
  if (demand.links > limits::kLinks)
    return over("linked modules of a run (option 'links')", demand.links, limits::kLinks);
  const Limits& limits = ledger_->limits;
  if (const Bytes most = std::min(limits.held_per_user, limits.held); demand.held > most)
    return over("option 'output_bytes'", demand.held.count(), most.count());

  const std::lock_guard lock(ledger_->mutex);
  const auto found = ledger_->users.find(demand.uid);
  const Use user = found == ledger_->users.end() ? Use{} : found->second;
  const Use& total = ledger_->total;
  const std::string of_user = " of user " + std::to_string(demand.uid);
  if (user.runs + 1 > limits.runs_per_user)
    return full("live runs" + of_user + ", waiting ones included", user.runs + 1, limits.runs_per_user);
  if (total.runs + 1 > limits.runs) return full("live runs of all users", total.runs + 1, limits.runs);
  if (user.directories + demand.directories > limits.directories_per_user)
    return full("directories" + of_user, user.directories + demand.directories, limits.directories_per_user);
  if (user.links + demand.links > limits.links_per_user)
    return full("linked modules" + of_user, user.links + demand.links, limits.links_per_user);
  return Charge(ledger_, demand);
}

Admission::Charge::Charge(std::shared_ptr<Ledger> ledger, const Demand& demand)
    : ledger_(std::move(ledger)), demand_(demand) {
  for (Use* use : {&ledger_->total, &ledger_->users[demand.uid]}) {
    ++use->runs;
    use->directories += demand.directories;
    use->links += demand.links;
  }
}

Admission::Charge& Admission::Charge::operator=(Charge&& other) noexcept {
  if (this != &other) {
    give_back();
    ledger_ = std::move(other.ledger_);
    demand_ = other.demand_;
    holds_output_ = other.holds_output_;
    images_ = other.images_;
  }
  return *this;
}

bool Admission::Charge::hold_output() {
  if (holds_output_ || ledger_ == nullptr) return true;
  const std::lock_guard lock(ledger_->mutex);
  Use& user = ledger_->users[demand_.uid];
  Use& total = ledger_->total;
  if (user.held + demand_.held > ledger_->limits.held_per_user || total.held + demand_.held > ledger_->limits.held)
    return false;
  user.held += demand_.held;
  total.held += demand_.held;
  holds_output_ = true;
  return true;
}

tl::expected<void, Excess> Admission::Ledger::add_image(uid_t uid, Bytes size) {
  Use& user = users[uid];
  if (user.images + size > limits.images_per_user)
    return full("bytes of code images of user " + std::to_string(uid), (user.images + size).count(),
                limits.images_per_user.count());
  if (total.images + size > limits.images)
    return full("bytes of code images of all users", (total.images + size).count(), limits.images.count());
  user.images += size;
  total.images += size;
  return {};
}

void Admission::Ledger::remove_image(uid_t uid, Bytes size) {
  for (Use* use : {&total, &users.at(uid)}) use->images = use->images - size;
}

void Admission::Ledger::forget_idle(uid_t uid) {
  const auto user = users.find(uid);
  if (user->second.runs == 0 && user->second.images == Bytes(0)) users.erase(user);
}

tl::expected<void, Excess> Admission::Charge::add_image(Bytes size) {
  if (ledger_ == nullptr) return {};
  const std::lock_guard lock(ledger_->mutex);
  if (auto added = ledger_->add_image(demand_.uid, size); !added) return added;
  images_ += size;
  return {};
}

void Admission::Charge::remove_image(Bytes size) {
  if (ledger_ == nullptr) return;
  const std::lock_guard lock(ledger_->mutex);
  ledger_->remove_image(demand_.uid, size);
  images_ = images_ - size;
}

tl::expected<std::shared_ptr<const void>, Excess> Admission::Charge::lasting_image(Bytes size) const {
  if (ledger_ == nullptr) return nullptr;
  {
    const std::lock_guard lock(ledger_->mutex);
    if (auto added = ledger_->add_image(demand_.uid, size); !added) return tl::unexpected<Excess>(added.error());
  }
  return std::shared_ptr<const void>(ledger_.get(), [ledger = ledger_, uid = demand_.uid, size](const void*) {
    const std::lock_guard lock(ledger->mutex);
    ledger->remove_image(uid, size);
    ledger->forget_idle(uid);
  });
}

tl::expected<std::shared_ptr<const void>, Excess> Admission::Charge::add_copy(std::shared_ptr<Charge> charge,
                                                                              Bytes size) {
  if (const auto added = charge->add_image(size); !added) return tl::unexpected<Excess>(added.error());
  Charge* account = charge.get();
  return std::shared_ptr<const void>(account,
                                     [charge = std::move(charge), size](const void*) { charge->remove_image(size); });
}

void Admission::Charge::give_back() {
  const auto ledger = std::exchange(ledger_, nullptr);
  if (ledger == nullptr) return;
  const std::lock_guard lock(ledger->mutex);
  const auto user = ledger->users.find(demand_.uid);
  for (Use* use : {&ledger->total, &user->second}) {
    --use->runs;
    if (holds_output_) use->held = use->held - demand_.held;
    use->images = use->images - images_;
    use->directories -= demand_.directories;
    use->links -= demand_.links;
  }
  ledger->forget_idle(demand_.uid);
}

}  // namespace slack::run

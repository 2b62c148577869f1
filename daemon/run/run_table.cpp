// Keeps the table of runs.
#include "daemon/run/run_table.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "daemon/run/limits.hpp"

namespace slack::run {
namespace {

Demand demand_of(const Request& request) {
  Demand demand;
  demand.uid = request.uid;
  demand.held = request.options.stream ? Bytes(0) : request.options.output;
  demand.memory = request.options.memory;
  demand.name_bytes = request.options.name.size();
  demand.directories = request.directories.size();
  demand.links = request.links.size();
  // Each string counts a byte more, as in an argv block, so that empty ones are not free.
  for (const auto& argument : request.arguments) demand.arguments += Bytes(argument.size() + 1);
  for (const auto& entry : request.options.environment) demand.environment += Bytes(entry.size() + 1);
  for (const auto& directory : request.directories) demand.arguments += Bytes(directory.guest_name.size() + 1);
  for (const auto& link : request.links) demand.arguments += Bytes(link.name.size() + 1);
  return demand;
}

}  // namespace

RunTable::RunTable(Reactor& reactor, Host& host, const Config& config, TableObserver& observer)
    : reactor_(reactor),
      host_(host),
      observer_(observer),
      admission_(config.limits),
      entrance_(std::numeric_limits<std::size_t>::max()),
      looks_(limits::kLooks),
      queue_(std::max<std::size_t>(config.compilers, 1)),
      reaper_(reactor, [this] { on_reaped(); }),
      cache_(reactor, host, config.cache) {
  cache_.on_idle([this] { check_idle(); });
  host_.on_reaped([this] { on_reaped(); });
  host_.on_outcome([this](const monitor::Outcome& outcome) {
    if (Run* run = find(outcome.id)) run->on_outcome(outcome);
  });
}

tl::expected<RunId, RunTable::Refusal> RunTable::add(Request request) {
  if (shutting_down_)
    return tl::unexpected<Refusal>({Refusal::Why::shutting_down, "slackd is shutting down and takes no more runs"});
  auto charge = admission_.admit(demand_of(request));
  if (!charge) {
    const auto why = charge.error().passing ? Refusal::Why::limit : Refusal::Why::option;
    return tl::unexpected<Refusal>({why, describe(charge.error())});
  }
  // Now, while the client waits for an answer: what is wrong with a directory is wrong with its call.
  if (auto handed = hand_in_directories(request); !handed)
    return tl::unexpected<Refusal>({Refusal::Why::directory, handed.error().what});
  const RunId id = ++last_id_;
  const uid_t uid = request.uid;
  Entry entry;
  entry.run = std::make_unique<Run>(id, std::move(request), std::move(*charge), reactor_, host_, reaper_, cache_,
                                    static_cast<RunObserver&>(*this));
  runs_.emplace(id, std::move(entry));
  ++live_count_;
  entrance_.enter(uid, id);
  look_for_turns();
  return id;
}

Expected<void> RunTable::hand_in_directories(Request& request) {
  for (auto& wanted : request.directories) {
    auto mount = host_.hand_in_directory(wanted.directory.get(), request.uid, request.gid, wanted.read_only);
    if (!mount) return fail(Fault{mount.error().code, "directory '" + wanted.guest_name + "': " + mount.error().what});
    wanted.directory = std::move(*mount);
  }
  return {};
}

Run* RunTable::find(RunId run) {
  const auto entry = runs_.find(run);
  return entry == runs_.end() ? nullptr : entry->second.run.get();
}

std::vector<const Run*> RunTable::live() const {
  std::vector<const Run*> live;
  for (const auto& [id, entry] : runs_)
    if (entry.run->state() != State::finished) live.push_back(entry.run.get());
  return live;
}

void RunTable::look_for_turns() {
  turns_ = reactor_.defer([this] { give_turns(); });
}

void RunTable::give_turns() {
  while (const auto next = entrance_.next([this](RunId run) { return runs_.at(run).run->reserve(); }))
    runs_.at(*next).run->begin();
  while (const auto next = looks_.next()) {
    Entry& entry = runs_.at(*next);
    entry.looks = true;
    entry.run->look();
  }
  while (const auto next = queue_.next()) {
    Entry& entry = runs_.at(*next);
    entry.has_turn = true;
    entry.run->compile();
  }
}

void RunTable::take_look_back(RunId run) {
  const auto entry = runs_.find(run);
  if (entry == runs_.end() || !std::exchange(entry->second.looks, false)) return;
  looks_.give_back(entry->second.run->uid());
  look_for_turns();
}

void RunTable::take_turn_back(RunId run) {
  const auto entry = runs_.find(run);
  if (entry == runs_.end() || !std::exchange(entry->second.has_turn, false)) return;
  queue_.give_back(entry->second.run->uid());
  look_for_turns();
}

void RunTable::run_needs_look(const Run& run) {
  looks_.enter(run.uid(), run.id());
  look_for_turns();
}

void RunTable::run_needs_compiler(const Run& run) {
  take_look_back(run.id());
  queue_.enter(run.uid(), run.id());
  look_for_turns();
}

void RunTable::run_changed(const Run& run) {
  if (run.state() != State::queued) take_look_back(run.id());
  if (run.state() != State::queued && run.state() != State::compiling) take_turn_back(run.id());
  observer_.run_changed(run);
}

void RunTable::run_finished(const Run& run) {
  for (FairQueue* queue : {&entrance_, &looks_, &queue_}) queue->leave(run.id());
  --live_count_;
  observer_.run_finished(run);
  // It gave its room back, unless a child or a thread still holds it.
  look_for_turns();
  // The run is still at work below us: it goes from the reactor.
  tidy();
}

void RunTable::forget(RunId run) {
  const auto entry = runs_.find(run);
  if (entry == runs_.end()) return;
  entry->second.forgotten = true;
  tidy();
}

std::size_t RunTable::prune(std::optional<uid_t> uid) {
  std::size_t count = 0;
  for (auto& [id, entry] : runs_) {
    if (entry.run->state() != State::finished || entry.forgotten || (uid && entry.run->uid() != *uid)) continue;
    entry.forgotten = true;
    ++count;
  }
  tidy();
  return count;
}

void RunTable::tidy() {
  tidying_ = reactor_.defer([this] {
    // A thread that was given up on may have let go of its room since.
    give_turns();
    for (const RunId run : overdue()) {
      runs_.erase(run);
      observer_.run_removed(run);
    }
    Nanos next = Nanos::max();
    for (const auto& [id, entry] : runs_)
      if (entry.run->state() == State::finished)
        next = std::min(next, entry.run->finished_at() + to_nanos(limits::kFinishedKept));
    tidying_ = next == Nanos::max() ? nullptr : reactor_.at(next, [this] { tidy(); });
    check_idle();
  });
}

std::vector<RunId> RunTable::overdue() const {
  std::vector<RunId> overdue;
  std::map<uid_t, std::size_t> kept;
  const Nanos now = reactor_.now();
  // Newest first, so that the oldest of a user are those beyond the number kept.
  for (auto place = runs_.rbegin(); place != runs_.rend(); ++place) {
    const auto& [id, entry] = *place;
    if (entry.run->state() != State::finished) continue;
    if (entry.forgotten || now >= entry.run->finished_at() + to_nanos(limits::kFinishedKept) ||
        ++kept[entry.run->uid()] > limits::kFinishedPerUser)
      overdue.push_back(id);
  }
  return overdue;
}

void RunTable::shut_down(const std::string& reason) {
  shutting_down_ = true;
  std::vector<Run*> live;
  for (auto& [id, entry] : runs_)
    if (entry.run->state() != State::finished) live.push_back(entry.run.get());
  for (Run* run : live) run->stop(reason);
}

void RunTable::on_reaped() {
  look_for_turns();
  check_idle();
}

void RunTable::check_idle() {
  if (idle()) observer_.all_gone();
}

bool RunTable::idle() const {
  return live_count_ == 0 && reaper_.unreaped() == 0 && host_.unreaped() == 0 && cache_.idle();
}

}  // namespace slack::run

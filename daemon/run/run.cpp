// Moves a run from state to state.
#include "daemon/run/run.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <utility>

#include "daemon/run/limits.hpp"

namespace slack::run {
namespace {

Expected<Fd> open_null(int mode) {
  const int raw = ::open("/dev/null", mode | O_CLOEXEC);
  if (raw < 0) return fail("open /dev/null");
  return Fd(raw);
}

// A CPU limit of the kernel's behind the monitor's, for the case that the monitor is hindered. Whole seconds; 0: none.
std::uint64_t cpu_backstop(Micros limit) {
  constexpr std::uint64_t kMargin = 3;
  return limit == kUnlimitedTime ? 0 : limit.count() / 1'000'000 + kMargin;
}

}  // namespace

std::string_view name_of(State state) {
  static constexpr std::array<std::string_view, 6> kNames{"queued",  "compiling", "preparing",
                                                          "running", "releasing", "finished"};
  return kNames.at(static_cast<std::size_t>(state));
}

Run::Run(RunId id, Request request, Admission::Charge charge, Reactor& reactor, Host& host, Reaper& reaper,
         ImageCache& cache, RunObserver& observer)
    : id_(id),
      request_(std::move(request)),
      charge_(std::make_shared<Admission::Charge>(std::move(charge))),
      reactor_(reactor),
      host_(host),
      reaper_(reaper),
      cache_(cache),
      observer_(observer) {
  evidence_.options = std::exchange(request_.options, {});
}

std::optional<Fuel> Run::fuel_consumed() const {
  if (state_ == State::running) return host_.published_fuel(id_);
  if (result_.fuel_consumed) return Fuel(*result_.fuel_consumed);
  return std::nullopt;
}

void Run::enter(State state) {
  state_ = state;
  observer_.run_changed(*this);
}

void Run::begin() {
  parts_.push_back({"", std::move(request_.module), std::nullopt, nullptr, false, nullptr});
  for (auto& link : request_.links)
    parts_.push_back({link.name, std::move(link.module), std::nullopt, nullptr, false, nullptr});
  if (!cache_.on() || !evidence_.options.cache) {
    evidence_.cache = "off";
    return observer_.run_needs_compiler(*this);
  }
  Bytes budget = limits::kHashedAtOnce;
  bool all = true;
  for (std::size_t slot = 0; slot < parts_.size(); ++slot) {
    const auto request = compile_request(evidence_.options, static_cast<std::uint32_t>(slot));
    parts_[slot].image = cache_.find_now(request_.uid, parts_[slot].module, request, budget);
    if (parts_[slot].image != nullptr)
      cache_.count_hit();
    else
      all = false;
  }
  if (all) return run_images();
  observer_.run_needs_look(*this);
}

void Run::look() { look_for_next(); }

void Run::look_for_next() {
  for (; looked_ < parts_.size(); ++looked_) {
    if (parts_[looked_].image != nullptr) continue;
    const auto request = compile_request(evidence_.options, static_cast<std::uint32_t>(looked_));
    auto look = cache_.look_up({request_.uid, request_.gid}, parts_[looked_].module, request, charge_,
                               [this](tl::expected<LookUp, EarlyEnd> found) { on_looked_up(std::move(found)); });
    if (!look) break;  // the rest goes without
    look_ = std::move(*look);
    return;
  }
  if (std::ranges::all_of(parts_, [](const Part& part) { return part.image != nullptr; })) return run_images();
  observer_.run_needs_compiler(*this);
}

void Run::on_looked_up(tl::expected<LookUp, EarlyEnd> look) {
  Part& part = parts_[looked_++];
  if (!look) return end_for(part.link, look.error());
  part.key = look->key;
  part.image = std::move(look->image);
  if (part.image != nullptr) cache_.count_hit();
  look_for_next();
}

void Run::compile() {
  enter(State::compiling);
  compile_next();
}

void Run::compile_next() {
  for (; compiling_ < parts_.size(); ++compiling_) {
    Part& part = parts_[compiling_];
    // Another run may have had it compiled while this one waited.
    if (part.image == nullptr && part.key) {
      part.image = cache_.resident(*part.key);
      if (part.image != nullptr) cache_.count_hit();
    }
    if (part.image != nullptr) continue;
    const auto request = compile_request(evidence_.options, static_cast<std::uint32_t>(compiling_));
    if (part.key && !std::exchange(part.copied, true)) {
      auto copy =
          cache_.look_up_and_copy({request_.uid, request_.gid}, part.module, request, charge_,
                                  [this](tl::expected<LookUp, EarlyEnd> found) { on_copied(std::move(found)); });
      if (copy) {
        look_ = std::move(*copy);
        return;
      }
      part.key.reset();  // it is compiled from the client's file and not kept
    }
    const std::string slot = compiling_ == 0 ? "" : "-" + std::to_string(compiling_);
    const std::shared_ptr<const void> charge = part.room != nullptr ? std::exchange(part.room, nullptr) : charge_;
    auto compilation = Compilation::start(reactor_, host_, reaper_, "compile-" + std::to_string(id_) + slot,
                                          part.module, request, compiling_ == 0 ? evidence_.options.invoke : "", charge,
                                          [this](Compilation::Result result) { on_compiled(std::move(result)); });
    if (!compilation) return end(fault_end(compilation.error().what));
    compilation_ = std::move(*compilation);
    part.module.reset();
    return;
  }
  run_images();
}

void Run::on_copied(tl::expected<LookUp, EarlyEnd> look) {
  Part& part = parts_[compiling_];
  if (!look) return end_for(part.link, look.error());
  part.key = look->key;
  part.image = std::move(look->image);
  if (part.image != nullptr) cache_.count_hit();
  if (look->module.valid()) {
    part.module = std::move(look->module);
    part.room = std::move(look->room);
  }
  compile_next();
}

void Run::on_compiled(Compilation::Result result) {
  Part& part = parts_[compiling_++];
  if (!result) return end_for(part.link, result.error());
  if (part.key) cache_.count_miss();
  if (evidence_.cache.empty()) evidence_.cache = part.key ? "miss" : "off";
  evidence_.compile_time = evidence_.compile_time.value_or(Micros(0)) + result->time;
  if (part.key)
    part.image = cache_.keep(request_.uid, *part.key, std::move(*result), *charge_);
  else
    part.image = std::make_shared<const Resident>(
        Resident{std::move(result->image), std::move(result->image_file), result->size});
  compile_next();
}

void Run::end_for(const std::string& link, EarlyEnd why) {
  if (!link.empty()) why.reason = "linked module " + link + ": " + why.reason;
  end(why);
}

void Run::run_images() {
  if (!evidence_.compile_time) {
    evidence_.cache = "hit";
    evidence_.compile_time = Micros(0);
  }
  std::vector<image::LinkedImage> images;
  for (Part& part : parts_) {
    if (const auto counted = charge_->add_image(part.image->size); !counted)
      return end(EarlyEnd{Verdict::limit, describe(counted.error()), std::nullopt, std::nullopt});
    images.push_back({part.link, part.image->view});
    part.module.reset();
  }
  evidence_.image = image::join_images(std::move(images));
  if (const auto prepared = prepare(); !prepared) return end(fault_end(prepared.error().what));
  enter(State::preparing);
}

Expected<void> Run::prepare() {
  if (auto opened = open_streams(); !opened) return opened;
  auto parts = worker_parts();
  if (!parts) return fail(parts.error());
  auto preparation = Preparation::start(reactor_, host_, reaper_, std::move(*parts), charge_,
                                        [this](Preparation::Result result) { on_prepared(std::move(result)); });
  if (!preparation) return fail(preparation.error());
  preparation_ = std::move(*preparation);
  request_.standard_input.reset();
  parts_.clear();
  return {};
}

Expected<void> Run::open_streams() {
  const auto put = [](Expected<Fd> made, Fd& place) -> Expected<void> {
    if (!made) return fail(made.error());
    place = std::move(*made);
    return {};
  };
  if (!request_.standard_input.valid())
    if (auto opened = put(open_null(O_RDONLY), request_.standard_input); !opened) return opened;
  const RunOptions& options = evidence_.options;
  const struct {
    const char* name;
    Fd& client;
    Fd& place;
  } streams[] = {{"slack-stdout", request_.standard_output, output_},
                 {"slack-stderr", request_.standard_error, error_}};
  for (const auto& stream : streams) {
    if (!options.stream) {
      if (auto opened = put(make_held_output(stream.name, options.output), stream.place); !opened) return opened;
    } else if (stream.client.valid()) {
      stream.place = std::move(stream.client);
    } else if (auto opened = put(open_null(O_WRONLY), stream.place); !opened) {
      return opened;
    }
  }
  return {};
}

Expected<WorkerParts> Run::worker_parts() {
  const RunOptions& options = evidence_.options;
  WorkerParts parts;
  parts.name = "run-" + std::to_string(id_);
  parts.limits.memory =
      options.memory + limits::kWorkerOverhead + Bytes(limits::kLinkOverhead.count() * request_.links.size());
  // The group also pays for the pages of held output.
  parts.group_memory = parts.limits.memory + (options.stream ? Bytes(0) : options.output) + limits::kGroupOverhead;
  const bool writes_files = options.stream || std::ranges::any_of(request_.directories, [](const auto& directory) {
                              return !directory.read_only;
                            });
  // Held output alone: nothing else can grow than its own memfds.
  parts.limits.file_size = writes_files ? std::max(limits::kFileBytes, options.output) : options.output;
  parts.limits.cpu_seconds = cpu_backstop(options.cpu);
  parts.limits.open_files =
      limits::kOpenFiles + static_cast<std::uint32_t>(request_.directories.size() + request_.links.size());

  parts.brief.arguments.push_back(options.name);
  for (auto& argument : request_.arguments) parts.brief.arguments.push_back(std::move(argument));
  parts.brief.environment = options.environment;
  for (auto& wanted : request_.directories) {
    parts.brief.directories.push_back({wanted.guest_name, wanted.read_only});
    parts.directories.push_back(std::move(wanted.directory));
  }
  request_.directories.clear();
  for (std::size_t i = 0; i < request_.links.size(); ++i) {
    parts.brief.links.push_back(request_.links[i].name);
    auto image = parts_[1 + i].image->file.duplicate();
    if (!image) return fail(image.error());
    parts.links.push_back(std::move(*image));
  }
  parts.brief.invoke = options.invoke;
  parts.brief.memory = options.memory;
  parts.brief.output = options.output;
  parts.brief.fuel = options.fuel;
  parts.brief.deterministic = options.deterministic;
  parts.brief.measure = options.measure;

  parts.image = parts_.front().image->file.get();
  parts.standard_input = request_.standard_input.get();
  parts.standard_output = output_.get();
  parts.standard_error = error_.get();
  return parts;
}

void Run::on_prepared(Preparation::Result result) {
  if (!result) return end(result.error());
  const RunOptions& options = evidence_.options;
  monitor::Assignment assignment;
  assignment.id = id_;
  sandbox::Spawned& worker = result->worker.spawned;
  assignment.pid = worker.pid;
  assignment.pidfd = std::move(worker.pidfd);
  assignment.socket = std::move(worker.socket);
  assignment.userfaultfd = std::move(result->userfaultfd);
  assignment.safepoint_page = std::move(worker.safepoint_page);
  assignment.image = evidence_.image;
  const Metering metering = options.metering;
  assignment.limits = {options.fuel, options.slack,         options.wall,
                       options.cpu,  counts_fuel(metering), halt_of(metering)};
  if (const auto running =
          host_.execute(std::move(assignment), std::move(result->worker.group), std::move(result->worker.charge));
      !running)
    return end(fault_end(running.error().what));
  enter(State::running);
}

void Run::on_outcome(const monitor::Outcome& outcome) {
  if (state_ != State::running) return;
  result_ = conclude(outcome, evidence_);
  release();
}

void Run::stop(const std::string& reason) {
  switch (state_) {
    case State::queued:
    case State::compiling:
    case State::preparing:
      return end(EarlyEnd{Verdict::killed, reason, std::nullopt, std::nullopt});
    case State::running:
      return host_.stop(id_, Verdict::killed, reason);
    case State::releasing:
      if (release_ != nullptr) release_->cancel("cut short");
      return;
    case State::finished:
      return;
  }
}

void Run::end(const EarlyEnd& end) {
  look_.reset();
  compilation_.reset();
  preparation_.reset();
  result_ = conclude(end, evidence_);
  release();
}

void Run::release() {
  std::vector<ReleasePart> parts;
  const auto add = [&](const Fd& held, const Fd& client) -> Expected<void> {
    const Bytes length = held.valid() ? held_length(held) : Bytes(0);
    if (length == Bytes(0) || !client.valid()) return {};
    auto from = held.duplicate();
    if (!from) return fail(from.error());
    auto to = client.duplicate();
    if (!to) return fail(to.error());
    parts.push_back({std::move(*from), length, std::move(*to)});
    return {};
  };
  const RunOptions& options = evidence_.options;
  const bool released = result_.verdict == Verdict::ok;
  Expected<void> added;
  if (!options.stream && (released || options.keep_output)) {
    added = add(output_, released ? request_.standard_output : request_.standard_error);
    if (added) added = add(error_, request_.standard_error);
  }
  if (added && parts.empty()) return finish();

  const auto trouble = [this](const std::string& what) {
    const std::string note = "output was not released: " + what;
    result_.reason = result_.reason ? *result_.reason + "; " + note : note;
  };
  if (added) {
    auto begun = start_release(reactor_, std::move(parts), {request_.uid, request_.gid}, charge_,
                               [this, trouble](const std::string& problem) {
                                 if (!problem.empty()) trouble(problem);
                                 finish();
                               });
    if (begun) {
      release_ = std::move(*begun);
      return enter(State::releasing);
    }
    added = fail(begun.error());
  }
  trouble(added.error().what);
  finish();
}

void Run::finish() {
  for (Fd* fd : {&request_.module, &request_.standard_input, &request_.standard_output, &request_.standard_error,
                 &output_, &error_})
    fd->reset();
  request_.directories.clear();
  request_.links.clear();
  parts_.clear();
  evidence_.image.reset();
  charge_.reset();
  finished_at_ = reactor_.now();
  state_ = State::finished;
  observer_.run_changed(*this);
  observer_.run_finished(*this);
}

}  // namespace slack::run

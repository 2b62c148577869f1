// Run: one run from its admission to its result, an operation with its own state and its own end.
//
//   queued (→ compiling) → preparing → running → releasing → finished
// Every state but finished may go straight to finished or, with a verdict that releases output, to releasing. The first
// verdict reached is the run's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/run/admission.hpp"
#include "daemon/run/compilation.hpp"
#include "daemon/run/conclude.hpp"
#include "daemon/run/image_cache.hpp"
#include "daemon/run/preparation.hpp"
#include "daemon/run/release.hpp"
#include "daemon/run/request.hpp"
#include "jit/image/linked_view.hpp"

namespace slack::run {

enum class State : std::uint8_t { queued, compiling, preparing, running, releasing, finished };
[[nodiscard]] std::string_view name_of(State state);

class Run;
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void run_changed(const Run& run) = 0;   // another state
  virtual void run_needs_look(const Run&) {}      // its images have to be looked for: call look() in its turn
  virtual void run_needs_compiler(const Run&) {}  // not all its images are in the cache: call compile() in its turn
  virtual void run_finished(const Run& run) = 0;  // after the last change: its result stands
};

class Run {
 public:
  // The request's directories are those that Host::hand_in_directory gave.
  Run(RunId id, Request request, Admission::Charge charge, Reactor& reactor, Host& host, Reaper& reaper,
      ImageCache& cache, RunObserver& observer);

  // Takes room for its held output, before it begins; false: there is none now.
  [[nodiscard]] bool reserve() { return charge_->hold_output(); }
  // Looks for its images in memory. The observer hears by the state if they were there, else by run_needs_look or,
  // where there is no cache, by run_needs_compiler, from within this call.
  void begin();
  // It is its turn to have its modules read and looked for in the cache. The observer hears as from begin().
  void look();
  // It is its turn to be compiled. The observer hears of the end of compilation by the state.
  void compile();
  // Verdict killed, if it has none; a release is cut short.
  void stop(const std::string& reason);
  // The monitor's word on it.
  void on_outcome(const monitor::Outcome& outcome);

  [[nodiscard]] RunId id() const { return id_; }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] uid_t uid() const { return request_.uid; }
  [[nodiscard]] const RunOptions& options() const { return evidence_.options; }
  [[nodiscard]] std::optional<Fuel> fuel_consumed() const;           // as last published
  [[nodiscard]] const RunResult& result() const { return result_; }  // stands when finished
  [[nodiscard]] Nanos finished_at() const { return finished_at_; }

 private:
  void enter(State state);
  // The next of its modules.
  void look_for_next();
  void on_looked_up(tl::expected<LookUp, EarlyEnd> look);
  void compile_next();
  void on_copied(tl::expected<LookUp, EarlyEnd> look);
  void on_compiled(Compilation::Result result);
  void end_for(const std::string& link, EarlyEnd why);
  void run_images();
  [[nodiscard]] Expected<void> prepare();
  [[nodiscard]] Expected<void> open_streams();
  [[nodiscard]] Expected<WorkerParts> worker_parts();
  void on_prepared(Preparation::Result result);
  void end(const EarlyEnd& end);
  void release();
  void finish();

  RunId id_;
  State state_ = State::queued;
  Request request_;
  std::shared_ptr<Admission::Charge> charge_;  // also held by what is left to reap
  Reactor& reactor_;
  Host& host_;
  Reaper& reaper_;
  ImageCache& cache_;
  RunObserver& observer_;
  Evidence evidence_;
  // Its modules in the order of their slots: the one that is run, then the linked ones.
  struct Part {
    std::string link;  // the name it is linked under; empty for the one that is run
    Fd module;
    std::optional<cache::Key> key;          // under which its image is to be kept
    std::shared_ptr<const Resident> image;  // null: not yet there
    bool copied = false;                    // `module` is slackd's own copy, with room for it
    std::shared_ptr<const void> room;
  };
  std::vector<Part> parts_;
  std::size_t looked_ = 0;  // how many have been looked for
  std::size_t compiling_ = 0;
  // What the worker writes to: the held memfds, or the client's own descriptors.
  Fd output_;
  Fd error_;
  RunResult result_;
  Nanos finished_at_;
  std::unique_ptr<Errand> look_;
  std::unique_ptr<Compilation> compilation_;
  std::unique_ptr<Preparation> preparation_;
  std::unique_ptr<Errand> release_;
};

}  // namespace slack::run

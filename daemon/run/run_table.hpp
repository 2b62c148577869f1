// RunTable: all runs, live and lately finished; admits them, gives them their turns, and forgets them in time.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/run/admission.hpp"
#include "daemon/run/fair_queue.hpp"
#include "daemon/run/run.hpp"

namespace slack::run {

class TableObserver : public RunObserver {
 public:
  virtual void run_removed(RunId run) = 0;  // nothing is left of it
  virtual void all_gone() = 0;              // no run lives and no child is left to reap; may come more than once
};

class RunTable final : private RunObserver {
 public:
  struct Config {
    Admission::Limits limits;
    std::size_t compilers = 1;  // at work at once, as many as there are cores; FairQueue says when one more
    ImageCache::Config cache = {};
  };
  RunTable(Reactor& reactor, Host& host, const Config& config, TableObserver& observer);

  // Why a run is not taken.
  struct Refusal {
    enum class Why { option, limit, directory, shutting_down } why = Why::limit;
    std::string what;
  };
  // The run begins from the reactor, not before this returns.
  [[nodiscard]] tl::expected<RunId, Refusal> add(Request request);

  [[nodiscard]] Run* find(RunId run);
  [[nodiscard]] std::vector<const Run*> live() const;  // oldest first
  [[nodiscard]] std::size_t live_count() const { return live_count_; }

  // Nobody will ask for the run any more: it goes when it has finished.
  void forget(RunId run);
  // Forgets the finished runs of a user, or all finished ones.
  std::size_t prune(std::optional<uid_t> uid);

  [[nodiscard]] ImageCache& cache() { return cache_; }

  // Takes no more runs and stops those that live.
  void shut_down(const std::string& reason);
  // Nothing lives, no child is left to reap.
  [[nodiscard]] bool idle() const;

 private:
  struct Entry {
    std::unique_ptr<Run> run;
    bool forgotten = false;
    bool looks = false;     // has its turn to look
    bool has_turn = false;  // at a compiler
  };
  void run_changed(const Run& run) override;
  void run_needs_look(const Run& run) override;
  void run_needs_compiler(const Run& run) override;
  void run_finished(const Run& run) override;
  [[nodiscard]] Expected<void> hand_in_directories(Request& request);
  void give_turns();
  void look_for_turns();
  void take_look_back(RunId run);
  void take_turn_back(RunId run);
  void tidy();
  void on_reaped();
  void check_idle();
  [[nodiscard]] std::vector<RunId> overdue() const;

  Reactor& reactor_;
  Host& host_;
  TableObserver& observer_;
  Admission admission_;
  FairQueue entrance_;  // of those that wait for room for their held output
  FairQueue looks_;     // of those that wait to have their modules read
  FairQueue queue_;     // of those that wait for a compiler
  Reaper reaper_;
  ImageCache cache_;
  std::map<RunId, Entry> runs_;
  RunId last_id_ = 0;
  std::size_t live_count_ = 0;
  bool shutting_down_ = false;
  Reactor::Handle turns_;
  Reactor::Handle tidying_;
};

}  // namespace slack::run

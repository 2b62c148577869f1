// Machine: the Host that slackd runs on: two zygotes, the monitor, the kernel.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "daemon/run/host.hpp"
#include "daemon/run/reactor.hpp"

namespace slack::run {

class Machine final : public Host {
 public:
  struct Config {
    std::string worker_program;
    std::string compiler_program;
    monitor::Monitor::Config monitor;
    std::function<void(const std::string&)> notice;  // something an administrator should know, one line
  };
  // Step one, from the main thread before any other thread: the zygotes. A fault says what the machine lacks.
  [[nodiscard]] static Expected<std::unique_ptr<Machine>> launch(Config config);
  // Step two, after the signals have been blocked: the monitor and its thread, and its outcomes through the reactor.
  [[nodiscard]] Expected<void> start_monitor(Reactor& reactor);
  ~Machine() override;

  [[nodiscard]] std::vector<sandbox::Facility> facilities() const;

  Expected<sandbox::Spawned> spawn_compiler(const sandbox::ChildLimits& limits) override;
  Expected<sandbox::Spawned> spawn_worker(const sandbox::ChildLimits& limits,
                                          const std::function<void()>& meanwhile) override;
  Expected<std::string> compiler_build() override;
  Expected<sandbox::ChildGroup> make_group(const std::string& name, pid_t child, Bytes memory,
                                           std::uint32_t threads) override;
  Expected<sandbox::ChildGroup> prepare_group(const std::string& name, Bytes memory) override;
  Expected<Fd> hand_in_directory(int directory, uid_t uid, gid_t gid, bool read_only) override;
  Expected<std::shared_ptr<const image::ImageView>> open_image(int image) override;
  Expected<void> execute(monitor::Assignment assignment, sandbox::ChildGroup group,
                         std::shared_ptr<const void> charge) override;
  void stop(RunId run, Verdict verdict, std::string reason) override;
  std::optional<Fuel> published_fuel(RunId run) const override;
  void on_outcome(std::function<void(monitor::Outcome)> handler) override { outcome_ = std::move(handler); }
  void on_reaped(std::function<void()> handler) override { reaped_ = std::move(handler); }
  std::size_t unreaped() const override { return running_.size(); }

 private:
  struct Nursery {
    std::string program;
    bool with_safepoint = false;
    std::unique_ptr<sandbox::Zygote> zygote;
  };
  struct Running {
    sandbox::ChildGroup group;
    std::shared_ptr<const void> charge;
  };
  explicit Machine(Config config);
  [[nodiscard]] Expected<void> launch(Nursery& nursery);
  [[nodiscard]] Expected<sandbox::Spawned> spawn(Nursery& nursery, const sandbox::ChildLimits& limits,
                                                 const std::function<void()>& meanwhile = {});
  void take_events();
  void tell(monitor::Outcome outcome);

  Config config_;
  sandbox::Facilities facilities_;
  Nursery workers_;
  Nursery compilers_;
  std::unique_ptr<monitor::Monitor> monitor_;
  std::map<RunId, Running> running_;
  std::function<void(monitor::Outcome)> outcome_;
  std::function<void()> reaped_;
  Reactor::Handle events_;
};

}  // namespace slack::run

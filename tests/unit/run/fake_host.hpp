// FakeHost: children are forks of the test that follow a script; the monitor is the test.
#pragma once

#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <functional>
#include <vector>

#include "daemon/run/host.hpp"

namespace slack::run {

class FakeHost final : public Host {
 public:
  using Script = std::function<void(int socket)>;  // in the child, which exits with 0 when it returns
  Script compiler;
  Script worker;
  std::vector<monitor::Assignment> executed;
  std::vector<std::pair<RunId, std::string>> stopped;
  std::vector<std::shared_ptr<const void>> charges;
  std::function<void(monitor::Outcome)> outcome;
  std::function<void()> reaped;
  std::function<Fault(const std::string&, pid_t, Bytes)> group;  // why there is none
  std::size_t compilers_started = 0;
  std::string build = "a compiler";

  Expected<sandbox::Spawned> spawn_compiler(const sandbox::ChildLimits&) override {
    ++compilers_started;
    return start(compiler);
  }
  Expected<sandbox::Spawned> spawn_worker(const sandbox::ChildLimits&,
                                          const std::function<void()>& meanwhile) override {
    meanwhile();
    return start(worker);
  }
  Expected<sandbox::ChildGroup> prepare_group(const std::string&, Bytes) override { return sandbox::ChildGroup(); }
  Expected<std::string> compiler_build() override { return build; }
  Expected<sandbox::ChildGroup> make_group(const std::string& name, pid_t child, Bytes memory, std::uint32_t) override {
    if (group != nullptr) return fail(group(name, child, memory));
    return sandbox::ChildGroup();
  }
  Expected<Fd> hand_in_directory(int directory, uid_t, gid_t, bool) override {
    const int copy = ::dup(directory);
    if (copy < 0) return fail("dup");
    return Fd(copy);
  }
  Expected<std::shared_ptr<const image::ImageView>> open_image(int) override { return std::make_shared<const View>(); }
  Expected<void> execute(monitor::Assignment assignment, sandbox::ChildGroup,
                         std::shared_ptr<const void> charge) override {
    executed.push_back(std::move(assignment));
    charges.push_back(std::move(charge));
    return {};
  }
  void stop(RunId run, Verdict, std::string reason) override { stopped.emplace_back(run, std::move(reason)); }
  std::optional<Fuel> published_fuel(RunId) const override { return Fuel(7); }
  void on_outcome(std::function<void(monitor::Outcome)> handler) override { outcome = std::move(handler); }
  void on_reaped(std::function<void()> handler) override { reaped = std::move(handler); }
  std::size_t unreaped() const override { return charges.size(); }

 private:
  class View final : public image::ImageView {
   public:
    std::span<const image::Segment> segments() const override { return {}; }
    std::uint64_t header_address() const override { return 0; }
    std::optional<image::SafepointEntry> safepoint_at(std::uint64_t) const override { return std::nullopt; }
    std::optional<image::LineEntry> line_at(std::uint64_t pc) const override {
      if (pc != 0x10000010) return std::nullopt;
      return image::LineEntry{pc, 3, 77};
    }
    std::optional<std::string> function_at(std::uint64_t) const override { return std::nullopt; }
    std::string function_name(std::uint32_t index) const override { return "func[" + std::to_string(index) + "]"; }
  };

  static Expected<sandbox::Spawned> start(const Script& script) {
    auto pair = make_socket_pair();
    if (!pair) return fail(pair.error());
    const pid_t pid = ::fork();
    if (pid < 0) return fail("fork");
    if (pid == 0) {
      pair->ours.reset();
      script(pair->theirs.get());
      ::_exit(0);
    }
    sandbox::Spawned spawned;
    spawned.pid = pid;
    spawned.pidfd = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    spawned.socket = std::move(pair->ours);
    return spawned;
  }
};

}  // namespace slack::run

// A slackd of the test's own, spoken to over a socketpair: raw enough to misbehave, short enough to read.
#pragma once

#include <sys/types.h>
#include <systemd/sd-bus.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "daemon/base/fd.hpp"

namespace slack::test {

inline constexpr char kManagerPath[] = "/org/slackd/Slack1";
inline constexpr char kManagerInterface[] = "org.slackd.Slack1.Manager";
inline constexpr char kRunInterface[] = "org.slackd.Slack1.Run";

using Value = std::variant<bool, std::int32_t, std::uint64_t, std::string>;

struct Finished {
  std::string verdict;
  std::map<std::string, Value> result;
  [[nodiscard]] std::uint64_t number(const std::string& key) const;
  [[nodiscard]] std::string text(const std::string& key) const;
};

// Options of one call: each adds itself to an open a{sv} container.
using Option = std::function<void(sd_bus_message*)>;
[[nodiscard]] Option fuel(std::uint64_t limit);
[[nodiscard]] Option wall(std::chrono::microseconds limit);
[[nodiscard]] Option text(const char* name, const char* value);
[[nodiscard]] Option descriptor(const char* name, int fd);

// What SLACKD in the environment names, if it is a program; else null.
[[nodiscard]] const char* daemon_program();

// Throws std::runtime_error where the test cannot go on; the daemon's own errors are returned.
class Peer {
 public:
  // Of daemon_program(); throws if there is none.
  explicit Peer(std::vector<std::string> arguments = {});
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] sd_bus* bus() const { return bus_; }

  // Object path of the run, or the error's name in `error`.
  [[nodiscard]] std::string run_module(int module, const std::vector<Option>& options, std::string* error = nullptr);
  [[nodiscard]] std::string run_module(const std::string& wasm, const std::vector<Option>& options);
  // Handles messages until that run's RunFinished has come; throws after `patience`.
  [[nodiscard]] Finished wait_for(const std::string& run, std::chrono::seconds patience = std::chrono::seconds(60));
  // Handles what is there and waits at most `patience` for more.
  void turn(std::chrono::microseconds patience);
  [[nodiscard]] bool has_finished(const std::string& run) const { return finished_.contains(run); }
  // Whether the daemon still answers.
  [[nodiscard]] bool answers();
  void hang_up();

 private:
  static int on_finished(sd_bus_message* message, void* self, sd_bus_error* error);
  pid_t pid_ = -1;
  sd_bus* bus_ = nullptr;
  std::map<std::string, Finished> finished_;
};

// Children of a process, from /proc.
[[nodiscard]] std::vector<pid_t> children_of(pid_t parent);
[[nodiscard]] std::string comm_of(pid_t pid);
[[nodiscard]] std::string status_field(pid_t pid, const std::string& field);

// A module whose _start loops for ever, and one that returns at once.
[[nodiscard]] std::string endless_module();
[[nodiscard]] std::string empty_module();

}  // namespace slack::test

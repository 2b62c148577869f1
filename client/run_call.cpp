// Calls RunModule and waits for the run's end in an event loop of its own.
#include "client/run_call.hpp"

#include <fmt/format.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

#include "client/format.hpp"

namespace slack::client {
namespace {

// RunModule answers at once; what takes long is a service that has to be activated first, and a machine under load.
constexpr std::uint64_t kCallTimeoutUsec = 120'000'000;

struct EventDeleter {
  void operator()(sd_event* event) const { sd_event_unref(event); }
};

// Those that stop the run. One that the caller has ignored, as nohup does, stays ignored: blocked, it would come.
std::vector<int> stopping_signals() {
  std::vector<int> signals;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action{};
    if (::sigaction(number, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) signals.push_back(number);
  }
  return signals;
}

// Signals stay blocked, and so wait for the event loop, for as long as this lives.
class BlockedSignals {
 public:
  explicit BlockedSignals(const std::vector<int>& signals) {
    sigset_t ours;
    sigemptyset(&ours);
    for (const int number : signals) sigaddset(&ours, number);
    ::sigprocmask(SIG_BLOCK, &ours, &before_);
  }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;
  ~BlockedSignals() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

// Also when the run's end is known and what is left is to tell it: with one status for a second signal, whenever it
// comes.
void end_at_the_next(const std::vector<int>& signals) {
  struct sigaction action{};
  action.sa_handler = [](int number) { ::_exit(128 + number); };
  for (const int number : signals) ::sigaction(number, &action, nullptr);
}

int append_strings(sd_bus_message* message, const std::vector<std::string>& strings) {
  int result = sd_bus_message_open_container(message, 'a', "s");
  for (const auto& string : strings) {
    if (result < 0) break;
    // A NUL would cut the string short on its way.
    result =
        string.find('\0') == std::string::npos ? sd_bus_message_append_basic(message, 's', string.c_str()) : -EINVAL;
  }
  return result < 0 ? result : sd_bus_message_close_container(message);
}

int append_value(sd_bus_message* message, const OptionValue& value) {
  return std::visit(
      [message](const auto& held) {
        using Held = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, bool>) {
          const int flag = held ? 1 : 0;
          return sd_bus_message_append_basic(message, 'b', &flag);
        } else if constexpr (std::is_same_v<Held, std::string>) {
          return sd_bus_message_append_basic(message, 's', held.c_str());
        } else if constexpr (std::is_same_v<Held, std::vector<std::string>>) {
          return append_strings(message, held);
        } else if constexpr (std::is_same_v<Held, BorrowedFd>) {
          return sd_bus_message_append_basic(message, 'h', &held.raw);
        } else {
          const std::uint64_t count = held.count();
          return sd_bus_message_append_basic(message, 't', &count);
        }
      },
      value);
}

template <typename Contents>
int append_option(sd_bus_message* message, Option option, Contents&& contents) {
  const std::string signature(signature_of(option));
  const std::string name(name_of(option));
  int result = sd_bus_message_open_container(message, 'e', "sv");
  if (result >= 0) result = sd_bus_message_append_basic(message, 's', name.c_str());
  if (result >= 0) result = sd_bus_message_open_container(message, 'v', signature.c_str());
  if (result >= 0) result = contents();
  if (result >= 0) result = sd_bus_message_close_container(message);
  if (result >= 0) result = sd_bus_message_close_container(message);
  return result;
}

int append_directories(sd_bus_message* message, const std::vector<OpenDirectory>& directories) {
  int result = sd_bus_message_open_container(message, 'a', "(hsb)");
  for (const auto& directory : directories) {
    if (result < 0) break;
    result = sd_bus_message_append(message, "(hsb)", directory.fd.get(), directory.guest.c_str(),
                                   directory.read_only ? 1 : 0);
  }
  return result < 0 ? result : sd_bus_message_close_container(message);
}

int append_links(sd_bus_message* message, const std::vector<OpenLink>& links) {
  int result = sd_bus_message_open_container(message, 'a', "(sh)");
  for (const auto& link : links) {
    if (result < 0) break;
    result = sd_bus_message_append(message, "(sh)", link.name.c_str(), link.module.get());
  }
  return result < 0 ? result : sd_bus_message_close_container(message);
}

Fault not_sendable(std::string_view what, int result) {
  // sd-bus refuses what D-Bus strings cannot hold.
  if (result == -EINVAL) return Fault{EINVAL, fmt::format("{}: not valid UTF-8, which D-Bus cannot carry", what)};
  return bus_failure(what, result).value();
}

Expected<MessagePtr> build_call(BusClient& client, const RunRequest& request) {
  sd_bus_message* raw = nullptr;
  int result = sd_bus_message_new_method_call(client.bus(), &raw, client.destination(), kManagerPath, kManagerInterface,
                                              "RunModule");
  MessagePtr message(raw);
  const int module = request.module.get();
  if (result >= 0) result = sd_bus_message_append_basic(raw, 'h', &module);
  if (result < 0) return bus_failure("call RunModule", result);
  if (result = append_strings(raw, request.arguments); result < 0)
    return fail(not_sendable("arguments of the module", result));
  result = sd_bus_message_open_container(raw, 'a', "{sv}");
  if (result < 0) return bus_failure("call RunModule", result);
  for (const auto& option : request.options) {
    result = append_option(raw, option.first, [&] { return append_value(raw, option.second); });
    if (result < 0) return fail(not_sendable(fmt::format("option {}", name_of(option.first)), result));
  }
  if (!request.directories.empty()) {
    result = append_option(raw, Option::dirs, [&] { return append_directories(raw, request.directories); });
    if (result < 0) return fail(not_sendable("the guest names of --dir", result));
  }
  if (!request.links.empty()) {
    result = append_option(raw, Option::links, [&] { return append_links(raw, request.links); });
    if (result < 0) return fail(not_sendable("the names of --link", result));
  }
  result = sd_bus_message_close_container(raw);
  if (result < 0) return bus_failure("call RunModule", result);
  return message;
}

int read_variant(sd_bus_message* message, std::optional<std::uint64_t>& field) {
  return sd_bus_message_read(message, "v", "t", &field.emplace());
}
int read_variant(sd_bus_message* message, std::optional<std::int32_t>& field) {
  return sd_bus_message_read(message, "v", "i", &field.emplace());
}
int read_variant(sd_bus_message* message, std::optional<bool>& field) {
  int flag = 0;
  const int result = sd_bus_message_read(message, "v", "b", &flag);
  field = flag != 0;
  return result;
}
int read_variant(sd_bus_message* message, std::optional<std::string>& field) {
  const char* text = nullptr;
  const int result = sd_bus_message_read(message, "v", "s", &text);
  if (result >= 0) field = text;
  return result;
}

// Keys that this slackctl does not know are passed over: the daemon may be newer.
Expected<RunResult> read_result(sd_bus_message* message, std::string_view verdict) {
  RunResult run;
  const auto named = verdict_named(verdict);
  if (!named) return fail(Fault{EPROTO, fmt::format("slackd answered with the unknown verdict '{}'", verdict)});
  run.verdict = *named;
  int result = sd_bus_message_enter_container(message, 'a', "{sv}");
  while (result >= 0) {
    result = sd_bus_message_enter_container(message, 'e', "sv");
    if (result <= 0) break;
    const char* key = nullptr;
    result = sd_bus_message_read(message, "s", &key);
    if (result < 0) break;
    bool known = false;
    for_each_field(run, [&](std::string_view name, auto& field) {
      if (known || name != key) return;
      known = true;
      result = read_variant(message, field);
    });
    if (!known) result = sd_bus_message_skip(message, "v");
    if (result >= 0) result = sd_bus_message_exit_container(message);
  }
  if (result < 0) return bus_failure("read the result of the run", result);
  return run;
}

class RunCall {
 public:
  explicit RunCall(BusClient& client) : client_(client) {}
  Expected<RunResult> run(const RunRequest& request);

 private:
  void finish(Expected<RunResult> outcome) {
    if (!outcome_) outcome_ = std::move(outcome);
    sd_event_exit(event_.get(), 0);
  }
  void stop();
  Expected<void> watch(const std::vector<int>& signals);

  void on_reply(sd_bus_message* reply);
  void on_finished(sd_bus_message* signal);
  void on_owner_changed(sd_bus_message* signal);
  void on_signal(int number);

  template <void (RunCall::*Handler)(sd_bus_message*)>
  static int handle(sd_bus_message* message, void* self, sd_bus_error*) {
    (static_cast<RunCall*>(self)->*Handler)(message);
    return 0;
  }

  BusClient& client_;
  std::unique_ptr<sd_event, EventDeleter> event_;
  std::string run_path_;         // empty until RunModule has answered
  std::string owner_;            // the daemon's unique name on a bus; empty peer to peer
  std::optional<int> stopping_;  // the signal that made us ask for the run's end
  std::optional<Expected<RunResult>> outcome_;
};

Expected<void> RunCall::watch(const std::vector<int>& signals) {
  sd_bus* bus = client_.bus();
  int result = sd_bus_match_signal(bus, nullptr, client_.destination(), kManagerPath, kManagerInterface, "RunFinished",
                                   &handle<&RunCall::on_finished>, this);
  if (result >= 0) {
    result = sd_bus_match_signal(
        bus, nullptr, nullptr, "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local", "Disconnected",
        [](sd_bus_message*, void* self, sd_bus_error*) {
          auto* call = static_cast<RunCall*>(self);
          call->finish(fail(Fault{ENOTCONN, "the connection to slackd broke while the run was under way"}));
          return 0;
        },
        this);
  }
  if (result >= 0 && !client_.is_private()) {
    result = sd_bus_add_match(bus, nullptr,
                              "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                              "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='org.slackd.Slack1'",
                              &handle<&RunCall::on_owner_changed>, this);
  }
  for (const int number : signals) {
    if (result < 0) break;
    result = sd_event_add_signal(
        event_.get(), nullptr, number,
        [](sd_event_source*, const signalfd_siginfo* info, void* self) {
          static_cast<RunCall*>(self)->on_signal(static_cast<int>(info->ssi_signo));
          return 0;
        },
        this);
  }
  if (result < 0) return bus_failure("wait for the run", result);
  return {};
}

Expected<RunResult> RunCall::run(const RunRequest& request) {
  const auto signals = stopping_signals();
  const BlockedSignals blocked(signals);
  sd_event* raw_event = nullptr;
  int result = sd_event_new(&raw_event);
  event_.reset(raw_event);
  if (result >= 0) result = sd_bus_attach_event(client_.bus(), raw_event, SD_EVENT_PRIORITY_NORMAL);
  if (result < 0) return bus_failure("start an event loop", result);
  // Before the call: no run can end unseen.
  if (auto watching = watch(signals); !watching) return fail(client_.explain(watching.error()));
  auto message = build_call(client_, request);
  if (!message) return fail(message.error());
  result =
      sd_bus_call_async(client_.bus(), nullptr, message->get(), &handle<&RunCall::on_reply>, this, kCallTimeoutUsec);
  if (result < 0) return fail(client_.explain(bus_failure("call RunModule", result).value()));
  message->reset();
  result = sd_event_loop(raw_event);
  sd_bus_detach_event(client_.bus());
  if (stopping_) end_at_the_next(signals);
  if (outcome_ && *outcome_) {
    RunResult& run = **outcome_;
    // slackd knows of a Stop by its client; what made it ask is known here.
    const bool is_ours = run.verdict == Verdict::killed && run.reason == kStoppedByClient;
    if (stopping_ && is_ours) run.reason = stopped_by_signal(*stopping_);
    return std::move(run);
  }
  if (outcome_) return fail(client_.explain(outcome_->error()));
  return fail(client_.explain(bus_failure("wait for the run", result < 0 ? result : -ENOTCONN).value()));
}

void RunCall::on_reply(sd_bus_message* reply) {
  if (const sd_bus_error* error = sd_bus_message_get_error(reply)) {
    finish(fail(fault_of(*error)));
    return;
  }
  const char* path = nullptr;
  if (const int result = sd_bus_message_read(reply, "o", &path); result < 0) {
    finish(bus_failure("read the reply of RunModule", result));
    return;
  }
  run_path_ = path;
  if (const char* sender = sd_bus_message_get_sender(reply); sender != nullptr && !client_.is_private())
    owner_ = sender;
  if (stopping_) stop();
}

void RunCall::on_finished(sd_bus_message* signal) {
  const char* path = nullptr;
  const char* verdict = nullptr;
  // Anybody on a bus may send a signal of this name: only the one who took the call is believed.
  const char* sender = sd_bus_message_get_sender(signal);
  if (!owner_.empty() && (sender == nullptr || owner_ != sender)) return;
  const int result = sd_bus_message_read(signal, "os", &path, &verdict);
  if (result < 0) {
    finish(bus_failure("read RunFinished", result));
    return;
  }
  if (!run_path_.empty() && run_path_ == path) finish(read_result(signal, verdict));
}

void RunCall::on_owner_changed(sd_bus_message* signal) {
  const char* name = nullptr;
  const char* before = nullptr;
  const char* after = nullptr;
  if (sd_bus_message_read(signal, "sss", &name, &before, &after) < 0 || owner_.empty() || owner_ != before) return;
  finish(fail(Fault{ENOTCONN, "slackd left the system bus while the run was under way"}));
}

void RunCall::on_signal(int number) {
  if (stopping_) ::_exit(128 + number);
  stopping_ = number;
  if (!run_path_.empty()) stop();
}

void RunCall::stop() {
  const int result = sd_bus_call_method_async(
      client_.bus(), nullptr, client_.destination(), run_path_.c_str(), kRunInterface, "Stop",
      [](sd_bus_message* reply, void*, sd_bus_error*) {
        // A run that has just ended has no object any more; RunFinished is then on its way.
        const sd_bus_error* error = sd_bus_message_get_error(reply);
        if (error != nullptr && sd_bus_error_has_name(error, "org.slackd.Slack1.Error.NoSuchRun") == 0)
          fmt::print(stderr, "slackctl: stop the run: {}\n",
                     printable(error->message != nullptr ? error->message : error->name));
        return 0;
      },
      this, "");
  if (result < 0) finish(bus_failure("stop the run", result));
}

}  // namespace

Expected<RunResult> run_to_its_end(BusClient& client, const RunRequest& request) {
  return RunCall(client).run(request);
}

}  // namespace slack::client

// Authority: asks polkit whether a caller may do what is not theirs by right.
#pragma once

#include <functional>
#include <memory>

#include "daemon/bus/connection.hpp"

namespace slack::bus {

inline constexpr char kStopRunAction[] = "org.slackd.slack1.stop-run";

class Authority {
 public:
  explicit Authority(sd_bus* bus) : bus_(bus) {}
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  // Asks about the sender of `call`, with questions to the user if the call allows them. `decided` comes later, once,
  // unless the Authority is gone by then; without polkit the answer is no. A fault (EBUSY) when too many are waiting.
  [[nodiscard]] Expected<void> ask(sd_bus_message* call, const char* action, std::function<void(bool)> decided);

 private:
  struct Question {
    std::shared_ptr<std::size_t> waiting;  // counts this one
    std::function<void(bool)> decided;
  };
  static int on_answer(sd_bus_message* reply, void* userdata, sd_bus_error*);

  sd_bus* bus_;
  std::shared_ptr<std::size_t> waiting_ = std::make_shared<std::size_t>(0);
  std::shared_ptr<bool> open_ = std::make_shared<bool>(true);
};

}  // namespace slack::bus

// Ring: the monitor's io_uring, as far as it uses one: polls that complete once or go on, and waiting for them.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "daemon/base/fault.hpp"

namespace slack::monitor {

// What a completion belongs to; chosen by whoever asked for the poll.
using Token = std::uint64_t;

struct Completion {
  Token token = 0;
  int result = 0;        // ready events, or a negative errno value
  bool goes_on = false;  // a multishot poll that is still in place
};

class Ring {
 public:
  // Completions handled per wake-up: what is left over waits for the next, so that timers get their turn.
  static constexpr unsigned kBatch = 64;

  // For the calling thread only.
  [[nodiscard]] static Expected<std::unique_ptr<Ring>> create();
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  void poll_once(int fd, Token token);
  void poll_always(int fd, Token token);
  // Takes a poll back. Its completion (ECANCELED) may still come.
  void cancel(Token token);

  // Hands over what was asked for and sleeps until there is at least one completion.
  [[nodiscard]] Expected<void> wait(std::vector<Completion>& completions);

 private:
  Ring() = default;
  [[nodiscard]] io_uring_sqe* entry();

  io_uring ring_{};
  bool open_ = false;
};

}  // namespace slack::monitor

// Mailbox: hands values from one thread to another and wakes the other's event loop through an eventfd.
//
// Neither side ever waits for the other: a lock held by the bus thread, which may lose its core, would stop the
// real-time monitor thread for as long.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <utility>
#include <vector>

#include "daemon/base/fd.hpp"

namespace slack::monitor {

// A stack pushed by compare-and-exchange (Treiber, "Systems programming: coping with parallelism", 1986), taken as a
// whole, so that no node is ever reused under a reader's hands, and turned around.
template <typename T>
class Mailbox {
 public:
  Mailbox() = default;
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;
  ~Mailbox() { (void)take(); }

  [[nodiscard]] Expected<void> open() {
    const int raw = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (raw < 0) return fail("eventfd");
    event_ = Fd(raw);
    return {};
  }

  void post(T value) {
    auto* node = new Node{std::move(value), top_.load(std::memory_order_relaxed)};
    while (!top_.compare_exchange_weak(node->below, node, std::memory_order_release, std::memory_order_relaxed)) {
    }
    const std::uint64_t one = 1;
    // Fails only when 2^64 - 1 wake-ups are unread, and then the other side is awake.
    [[maybe_unused]] const ssize_t written = ::write(event_.get(), &one, sizeof one);
  }

  // Everything posted so far, in order. Lowers the event first: what is posted meanwhile raises it again.
  [[nodiscard]] std::vector<T> take() {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t read = ::read(event_.get(), &count, sizeof count);
    std::vector<T> values;
    for (Node* node = top_.exchange(nullptr, std::memory_order_acquire); node != nullptr;) {
      values.push_back(std::move(node->value));
      delete std::exchange(node, node->below);
    }
    std::reverse(values.begin(), values.end());
    return values;
  }

  [[nodiscard]] int event_fd() const { return event_.get(); }

 private:
  struct Node {
    T value;
    Node* below;
  };
  std::atomic<Node*> top_{nullptr};
  Fd event_;
};

}  // namespace slack::monitor

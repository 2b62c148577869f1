// ManualReactor: a reactor for tests, whose clock moves when the test says so.
#pragma once

#include <poll.h>

#include <list>
#include <vector>

#include "daemon/run/reactor.hpp"

namespace slack::run {

class ManualReactor final : public Reactor {
 public:
  Handle watch(int fd, Callback callback) override { return add({Kind::io, fd, Nanos(0), std::move(callback)}); }
  Handle at(Nanos when, Callback callback) override { return add({Kind::timer, -1, when, std::move(callback)}); }
  Handle defer(Callback callback) override { return add({Kind::deferred, -1, Nanos(0), std::move(callback)}); }
  Nanos now() const override { return now_; }

  void advance(Micros by) { now_ += to_nanos(by); }
  [[nodiscard]] std::size_t sources() const { return entries_.size(); }

  // Turns until `done`, each turn waiting for descriptors; false after 10 seconds without an event.
  template <typename Done>
  bool run_until(Done done) {
    while (!done())
      if (!turn()) return false;
    return true;
  }

 private:
  enum class Kind { io, timer, deferred };
  struct Entry {
    Kind kind = Kind::io;
    int fd = -1;
    Nanos when;
    Callback callback;
    std::uint64_t id = 0;
  };
  class Ticket final : public Source {
   public:
    Ticket(ManualReactor& reactor, std::uint64_t id) : reactor_(reactor), id_(id) {}
    ~Ticket() override {
      reactor_.entries_.remove_if([this](const Entry& entry) { return entry.id == id_; });
    }

   private:
    ManualReactor& reactor_;
    std::uint64_t id_;
  };

  Handle add(Entry entry) {
    entry.id = ++last_;
    entries_.push_back(std::move(entry));
    return std::make_unique<Ticket>(*this, last_);
  }

  bool call(std::uint64_t id, bool once) {
    for (auto& entry : entries_) {
      if (entry.id != id) continue;
      const Callback callback = entry.callback;
      if (once) entries_.remove_if([&](const Entry& other) { return other.id == id; });
      callback();
      return true;
    }
    return false;
  }

  bool turn() {
    for (const auto& entry : entries_) {
      if (entry.kind == Kind::deferred || (entry.kind == Kind::timer && entry.when <= now_))
        return call(entry.id, true);
    }
    std::vector<pollfd> polled;
    std::vector<std::uint64_t> ids;
    for (const auto& entry : entries_) {
      if (entry.kind != Kind::io) continue;
      polled.push_back({entry.fd, POLLIN, 0});
      ids.push_back(entry.id);
    }
    if (::poll(polled.data(), polled.size(), 10'000) <= 0) return false;
    for (std::size_t i = 0; i < polled.size(); ++i)
      if (polled[i].revents != 0) (void)call(ids[i], false);
    return true;
  }

  std::list<Entry> entries_;
  std::uint64_t last_ = 0;
  Nanos now_{1'000'000'000};
};

}  // namespace slack::run

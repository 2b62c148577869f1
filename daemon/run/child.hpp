// Child: one confined process as the daemon's thread sees it: its messages, and its end. Reaper: the ends nobody waits
// for.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "daemon/base/socket.hpp"
#include "daemon/run/reactor.hpp"
#include "daemon/sandbox/child_group.hpp"
#include "daemon/sandbox/zygote.hpp"

namespace slack::run {

// How a process ended.
struct Exit {
  bool by_signal = false;
  int status = 0;  // exit status, or signal
  Micros cpu;
};
[[nodiscard]] std::string describe(const Exit& exit);  // "killed by SIGSEGV", "exit status 3"

// A child together with what is given back only when it has been reaped.
struct Process {
  sandbox::Spawned spawned;
  sandbox::ChildGroup group;
  std::shared_ptr<const void> charge;  // of the user's account
};

// Ends and reaps children that are of no use any more, without waiting for them: a big one takes 200 ms to die.
class Reaper {
 public:
  // `on_reaped` is told of each one, after its process and all it held are gone.
  Reaper(Reactor& reactor, std::function<void()> on_reaped) : reactor_(reactor), on_reaped_(std::move(on_reaped)) {}
  // Kills the child; its group and its charge go after it.
  void adopt(Process process);
  [[nodiscard]] std::size_t unreaped() const { return dying_.size(); }

 private:
  struct Dying {
    Process process;
    Reactor::Handle exit;
  };
  Reactor& reactor_;
  std::function<void()> on_reaped_;
  std::list<Dying> dying_;
};

class Child {
 public:
  struct Events {
    std::function<void(Datagram)> message;          // never an empty one
    std::function<void(const Exit&)> end;           // last event; the child has been reaped
    std::function<void(const Fault&)> bad_message;  // too long for `capacity`, for one
  };
  // Messages are at most `capacity` bytes. Events come from the reactor only; one may destroy the Child.
  Child(Reactor& reactor, Reaper& reaper, Process process, std::size_t capacity, Events events);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  // A child that has not ended goes to the reaper.
  ~Child();

  void kill();
  [[nodiscard]] int socket() const { return process_.spawned.socket.get(); }
  [[nodiscard]] pid_t pid() const { return process_.spawned.pid; }
  void put_in(sandbox::ChildGroup group) { process_.group = std::move(group); }
  [[nodiscard]] const sandbox::ChildGroup& group() const { return process_.group; }
  // Gives the process away, alive; no more events come.
  [[nodiscard]] Process give_away();

 private:
  // False when there is nothing more to read now, or nobody left to read for.
  bool read_message();
  void on_exit();

  Reactor& reactor_;
  Reaper& reaper_;
  Process process_;
  std::size_t capacity_;
  Events events_;
  Reactor::Handle messages_;
  Reactor::Handle exit_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // tells a caller of events_ whether we are still there
};

// Reaps a child that has exited; nullopt if it has not.
[[nodiscard]] std::optional<Exit> reap(int pidfd);
void send_kill(int pidfd);

}  // namespace slack::run

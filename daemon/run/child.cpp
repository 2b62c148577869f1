// Watches the sockets and the ends of children.
#include "daemon/run/child.hpp"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "daemon/base/process_end.hpp"

namespace slack::run {

std::string describe(const Exit& exit) {
  if (!exit.by_signal) return "exit status " + std::to_string(exit.status);
  const char* name = ::sigabbrev_np(exit.status);
  return name == nullptr ? "killed by signal " + std::to_string(exit.status) : std::string("killed by SIG") + name;
}

std::optional<Exit> reap(int pidfd) {
  const auto end = reap_process(pidfd);
  if (!end) return std::nullopt;
  // Code 0: gone without a trace, nothing to wait for either.
  return Exit{end->code != CLD_EXITED && end->code != 0, end->status, to_micros(end->cpu)};
}

void send_kill(int pidfd) {
  // Fails only for a process that has been reaped, which is as well.
  (void)::syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0);
}

void Reaper::adopt(Process process) {
  if (!process.spawned.pidfd.valid()) return;
  send_kill(process.spawned.pidfd.get());
  process.spawned.socket.reset();
  process.spawned.safepoint_page.reset();
  const auto dying = dying_.insert(dying_.end(), Dying{std::move(process), nullptr});
  dying->exit = reactor_.watch(dying->process.spawned.pidfd.get(), [this, dying] {
    if (!reap(dying->process.spawned.pidfd.get())) return;
    // The watch goes before the descriptor that it watches.
    dying->exit.reset();
    dying_.erase(dying);
    on_reaped_();
  });
}

Child::Child(Reactor& reactor, Reaper& reaper, Process process, std::size_t capacity, Events events)
    : reactor_(reactor),
      reaper_(reaper),
      process_(std::move(process)),
      capacity_(capacity),
      events_(std::move(events)) {
  messages_ = reactor_.watch(process_.spawned.socket.get(), [this] { (void)read_message(); });
  exit_ = reactor_.watch(process_.spawned.pidfd.get(), [this] { on_exit(); });
}

Child::~Child() {
  *alive_ = false;
  messages_.reset();
  exit_.reset();
  reaper_.adopt(std::move(process_));
}

void Child::kill() { send_kill(process_.spawned.pidfd.get()); }

Process Child::give_away() {
  messages_.reset();
  exit_.reset();
  return std::exchange(process_, Process{});
}

bool Child::read_message() {
  if (!process_.spawned.socket.valid()) return false;
  auto datagram = receive_datagram(process_.spawned.socket.get(), capacity_, true);
  // A peer that ends with something of ours unread resets the connection: that is told once, before what it said last.
  if (!datagram && datagram.error().code == ECONNRESET)
    datagram = receive_datagram(process_.spawned.socket.get(), capacity_, true);
  if (!datagram && datagram.error().code == EAGAIN) return false;
  if (!datagram) {
    messages_.reset();
    events_.bad_message(datagram.error());
    return false;
  }
  const auto alive = alive_;
  if (datagram->bytes.empty()) {
    // Its end is closed: it is dying (its exit status is settled then, the signal changes nothing), or it plays tricks.
    messages_.reset();
    kill();
    return false;
  }
  events_.message(std::move(*datagram));
  return *alive && messages_ != nullptr;
}

void Child::on_exit() {
  // What it said last, it said before it ended.
  const auto alive = alive_;
  while (messages_ != nullptr && read_message()) {
  }
  if (!*alive || exit_ == nullptr) return;
  const auto exit = reap(process_.spawned.pidfd.get());
  if (!exit) return;
  messages_.reset();
  exit_.reset();
  process_.spawned.pidfd.reset();
  events_.end(*exit);
}

}  // namespace slack::run

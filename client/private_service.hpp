// A slackd of slackctl's own: started for one command, reached over a socketpair, gone with it.
#pragma once

#include <sys/types.h>

#include <string>

#include "daemon/base/fd.hpp"

namespace slack::client {

class PrivateService {
 public:
  // Starts slackd in a session of its own, so that the terminal's Ctrl-C reaches slackctl alone and becomes a Stop.
  [[nodiscard]] static Expected<PrivateService> start();

  PrivateService(PrivateService&& other) noexcept;
  PrivateService& operator=(PrivateService&&) = delete;
  // Waits for slackd to end: its peer must have hung up. One that does not end in time is killed; its workers die with
  // it.
  ~PrivateService();

  // Our end of the stream socket, once.
  [[nodiscard]] Fd take_socket() { return std::move(socket_); }

  // Why the connection broke: how slackd ended, if it did, and what it wrote to stderr last.
  [[nodiscard]] std::string obituary();

 private:
  PrivateService(pid_t pid, Fd socket, Fd log, std::string program);

  // Its wait status, or -1 if it still runs after `milliseconds`.
  int wait(int milliseconds);

  pid_t pid_;
  int status_ = -1;
  Fd socket_;
  Fd log_;
  std::string program_;
};

}  // namespace slack::client

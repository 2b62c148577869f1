// One datagram with descriptors over a SOCK_SEQPACKET socket: how the daemon, its zygotes and their children talk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "daemon/base/fd.hpp"

namespace slack {

// The kernel passes at most 253 descriptors with one message (SCM_MAX_FD, linux/include/net/scm.h).
inline constexpr std::size_t kMaxPassedFds = 253;

struct Datagram {
  std::vector<std::byte> bytes;
  std::vector<Fd> fds;
};

// Sends one message; never raises SIGPIPE. The descriptors stay the caller's.
[[nodiscard]] Expected<void> send_datagram(int socket, std::span<const std::byte> bytes, std::span<const int> fds = {});

// The same without descriptors, by a call that can pass none (sendto): for a process whose filter forbids sendmsg.
[[nodiscard]] Expected<void> send_bytes(int socket, std::span<const std::byte> bytes);

// Receives one message of at most `capacity` bytes. An empty datagram means the peer is gone. A truncated message is
// a fault with EMSGSIZE; with `nonblocking` an absent one is a fault with EAGAIN. Received descriptors are
// close-on-exec.
[[nodiscard]] Expected<Datagram> receive_datagram(int socket, std::size_t capacity, bool nonblocking = false);

// A trivially copyable message as bytes.
template <typename T>
[[nodiscard]] std::span<const std::byte> bytes_of(const T& message) {
  static_assert(std::is_trivially_copyable_v<T>);
  return std::as_bytes(std::span<const T, 1>(&message, 1));
}

}  // namespace slack

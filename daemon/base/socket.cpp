// Sends and receives datagrams with descriptors (SCM_RIGHTS).
#include "daemon/base/socket.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstring>

namespace slack {

Expected<void> send_datagram(int socket, std::span<const std::byte> bytes, std::span<const int> fds) {
  if (fds.size() > kMaxPassedFds) return fail("send a message", E2BIG);
  iovec vector{const_cast<std::byte*>(bytes.data()), bytes.size()};
  msghdr header{};
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  std::vector<char> control;
  if (!fds.empty()) {
    control.resize(CMSG_SPACE(fds.size_bytes()));
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(rights), fds.data(), fds.size_bytes());
  }
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(socket, &header, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return fail("send a message");
  return {};
}

Expected<void> send_bytes(int socket, std::span<const std::byte> bytes) {
  ssize_t sent = 0;
  do {
    sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return fail("send a message");
  return {};
}

Expected<Datagram> receive_datagram(int socket, std::size_t capacity, bool nonblocking) {
  Datagram datagram;
  datagram.bytes.resize(capacity);
  iovec vector{datagram.bytes.data(), capacity};
  msghdr header{};
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  std::vector<char> control(CMSG_SPACE(kMaxPassedFds * sizeof(int)));
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  ssize_t received = 0;
  do {
    received = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC | (nonblocking ? MSG_DONTWAIT : 0));
  } while (received < 0 && errno == EINTR);
  if (received < 0) return fail("receive a message");
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    std::vector<int> raw((part->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    std::memcpy(raw.data(), CMSG_DATA(part), raw.size() * sizeof(int));
    for (int fd : raw) datagram.fds.emplace_back(fd);
  }
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return fail("receive a message", EMSGSIZE);
  datagram.bytes.resize(static_cast<std::size_t>(received));
  return datagram;
}

}  // namespace slack

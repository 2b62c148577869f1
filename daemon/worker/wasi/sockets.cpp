// The functions on sockets: a module has none, so each says what the descriptor is not.
#include "daemon/worker/wasi/wasi.hpp"

namespace slack::worker::wasi {
namespace {

// EBADF for what is not open. A standard stream may be a socket outside; a module sees a stream.
Errno no_socket(Wasi& wasi, U32 fd) {
  const auto found = wasi.descriptors.find(fd);
  return found ? Errno::notsock : found.error();
}

}  // namespace

Errno sock_accept(Wasi& wasi, GuestMemory, U32 fd, U32, U32) { return no_socket(wasi, fd); }

Errno sock_recv(Wasi& wasi, GuestMemory, U32 fd, U32, U32, U32, U32, U32) { return no_socket(wasi, fd); }

Errno sock_send(Wasi& wasi, GuestMemory, U32 fd, U32, U32, U32, U32) { return no_socket(wasi, fd); }

Errno sock_shutdown(Wasi& wasi, GuestMemory, U32 fd, U32) { return no_socket(wasi, fd); }

}  // namespace slack::worker::wasi

// Changes the effective ids of one thread: the system calls themselves, as glibc's wrappers change all threads.
#include "daemon/run/client_rights.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace slack::run {
namespace {

constexpr auto kKeep = static_cast<uid_t>(-1);

}  // namespace

// Only the effective ids: a thread whose real or saved uid is the client's could be killed by the client, and the
// daemon with it. The effective capabilities go and come with the effective uid.
Expected<ClientRights> ClientRights::take(const Identity& client) {
  if (::geteuid() != 0 || client.uid == 0) return ClientRights(false);
  if (::syscall(SYS_setgroups, 0, nullptr) < 0 || ::syscall(SYS_setresgid, kKeep, client.gid, kKeep) < 0 ||
      ::syscall(SYS_setresuid, kKeep, client.uid, kKeep) < 0)
    return fail("take the client's rights");
  return ClientRights(true);
}

ClientRights::ClientRights(ClientRights&& other) noexcept : taken_(std::exchange(other.taken_, false)) {}

ClientRights::~ClientRights() {
  if (!taken_) return;
  // The groups stay empty: root needs none.
  if (::syscall(SYS_setresuid, kKeep, 0, kKeep) == 0 && ::syscall(SYS_setresgid, kKeep, ::getgid(), kKeep) == 0) return;
  // The real and the saved uid are root's, so nothing forbids it.
  std::perror("slackd: take root's rights back");
  std::abort();
}

}  // namespace slack::run

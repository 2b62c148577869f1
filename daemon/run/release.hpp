// Output that is held back until the verdict, and its release to the client's descriptors.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/fd.hpp"
#include "daemon/run/reactor.hpp"

namespace slack::run {

// A worker's standard output or error while it is held: a memfd of `limit` bytes that cannot grow, so that a worker
// that has been taken over cannot fill memory either. The position of the shared file description tells how much was
// written.
[[nodiscard]] Expected<Fd> make_held_output(const char* name, Bytes limit);
// Bytes written so far.
[[nodiscard]] Bytes held_length(const Fd& held);

// One copy, from a held output to a client's descriptor.
struct ReleasePart {
  Fd from;
  Bytes length;
  Fd to;
};

// Whose rights a release is written with: a descriptor can be of a kind that checks who writes (procfs, sysfs,
// netlink).
struct Identity {
  uid_t uid = 0;
  gid_t gid = 0;
};

// Copies in a thread of its own, since a client's descriptor may block for ever.
class Release {
 public:
  // `problem`: why not everything was written.
  using Done = std::function<void(std::optional<std::string> problem)>;

  // `done` is called once, from the reactor, unless the Release is destroyed before.
  [[nodiscard]] static Expected<std::unique_ptr<Release>> start(Reactor& reactor, std::vector<ReleasePart> parts,
                                                                Identity identity, Done done);
  // Ends what still goes on; a thread that no signal reaches is left to the kernel.
  ~Release();
  Release(const Release&) = delete;
  Release& operator=(const Release&) = delete;

  // Ends the copying early: the thread's system call is interrupted. `done` follows in bounded time.
  void cancel();

 private:
  struct Shared;
  Release(Reactor& reactor, Done done);
  void interrupt();
  void finish();

  Reactor& reactor_;
  Done done_;
  std::shared_ptr<Shared> shared_;
  Reactor::Handle finished_;
  Reactor::Handle again_;
  Nanos give_up_;
};

}  // namespace slack::run

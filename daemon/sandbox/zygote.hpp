// Zygote: the daemon's handle on a running zygote; asks it for confined children.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "daemon/base/fd.hpp"
#include "daemon/base/units.hpp"
#include "daemon/sandbox/facilities.hpp"
#include "daemon/sandbox/identity.hpp"

namespace slack::sandbox {

// Limits of one child.
struct ChildLimits {
  Bytes memory;                   // private writable memory
  Bytes address_space;            // everything mapped; 0: no limit of ours, as a worker's reservations need it
  Bytes file_size;                // longest file it may write
  std::uint64_t cpu_seconds = 0;  // 0: none
  Bytes tmpfs;                    // size of its private root; 0: it can hold no file
  std::uint32_t open_files = 64;
  std::uint32_t threads = 1;  // of the child, its first one included
};

// A confined child, not yet reaped. It is the daemon's own child: reap it by its pidfd.
struct Spawned {
  pid_t pid = -1;
  Fd pidfd;
  Fd socket;          // ours, of the pair
  Fd safepoint_page;  // workers only: the memfd, SHRINK and GROW sealed
};

class Zygote {
 public:
  // Starts `program` as a zygote: it drops to an unprivileged uid, enters an empty network namespace and waits.
  // Call from the daemon's main thread: its end is the children's end (PR_SET_PDEATHSIG).
  // What goes wrong later than its exec shows at the first spawn, so that several zygotes can warm up together.
  [[nodiscard]] static Expected<Zygote> launch(const std::string& program, const Facilities& facilities,
                                               bool with_safepoint);

  // Blocks for the time of a clone (less than a millisecond), the first time also until the zygote is warm. A zygote
  // that died or fell silent is a fault with EPIPE, from then on; launch a new one. Other faults concern this child.
  // `meanwhile` is called, once at the most, while the zygote is at work.
  [[nodiscard]] Expected<Spawned> spawn(const ChildLimits& limits, const std::function<void()>& meanwhile = {});
  // The build of the program and of the libraries it has loaded. Blocks, the first time, until its dynamic linker is
  // done: 20 ms after its launch if that loads LLVM. Faults as of spawn.
  [[nodiscard]] Expected<std::string> build();

  [[nodiscard]] pid_t pid() const { return pid_; }

  Zygote(Zygote&& other) noexcept;
  Zygote& operator=(Zygote&& other) noexcept;
  ~Zygote();  // ends and reaps the zygote; its children live on

 private:
  Zygote() = default;
  [[nodiscard]] Expected<void> await_introduction();
  [[nodiscard]] Expected<void> await_ready();
  [[nodiscard]] tl::unexpected<Fault> lose(Fault fault);
  void end();

  Fd control_;
  pid_t pid_ = -1;
  std::string build_;
  bool introduced_ = false;
  bool ready_ = false;
  bool with_safepoint_ = false;
  Identity children_;
};

}  // namespace slack::sandbox

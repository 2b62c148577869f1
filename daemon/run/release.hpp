// Output that is held back until the verdict, and its release to the client's descriptors.
#pragma once

#include <memory>
#include <vector>

#include "daemon/base/fd.hpp"
#include "daemon/run/client_rights.hpp"
#include "daemon/run/errand.hpp"
#include "daemon/run/limits.hpp"

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

// How long a client may leave its end unread, and how long the whole may take.
inline constexpr Errand::Patience kReleasePatience{limits::kReleaseStall, limits::kReleaseWall};

// Copies the parts, one after the other. `problem`: why not everything was written; "cut short" after cancel(…). The
// charge is held until the copying thread has let go of all it holds.
[[nodiscard]] Expected<std::unique_ptr<Errand>> start_release(Reactor& reactor, std::vector<ReleasePart> parts,
                                                              Identity identity, std::shared_ptr<const void> charge,
                                                              Errand::Done done,
                                                              Errand::Patience patience = kReleasePatience);

}  // namespace slack::run

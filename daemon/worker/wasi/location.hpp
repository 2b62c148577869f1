// Location: where a guest's path leads: the directory that holds its last component, or the object itself.
#pragma once

#include "daemon/worker/wasi/lookup.hpp"

namespace slack::worker::wasi {

// The last component is left to a call that follows no link there: mkdirat, unlinkat, renameat, linkat, symlinkat.
struct Location {
  Fd opened;                // a directory opened on the way
  int directory = -1;       // that one, or the descriptor's own
  std::uint32_t depth = 0;  // of `directory`, as Descriptor has it
  Path path;
  const char* name = nullptr;  // within `path`; may end in slashes
};

// What the descriptor refuses, then what the path does; EROFS below a read-only directory, because every such call
// changes something; EPERM for a path that ends above the descriptor's directory.
[[nodiscard]] Errno locate(Wasi& wasi, GuestMemory memory, U32 fd, std::uint64_t right, U32 address, U32 length,
                           Location& out);

// The path's own object, not opened for anything but to be asked about; EINVAL for unknown lookup flags.
[[nodiscard]] Result<Fd> reach(const Descriptor& directory, GuestMemory memory, U32 lookup, U32 address, U32 length);

}  // namespace slack::worker::wasi

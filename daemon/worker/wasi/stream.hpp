// Streams: moving bytes between guest memory and descriptors, in chunks, within the output limit.
#pragma once

#include "daemon/worker/wasi/wasi.hpp"

namespace slack::worker::wasi {

// The first buffer of the guest's array that is not empty (an empty one if all are); EFAULT if the array or that buffer
// is not all inside memory, EINVAL for an array longer than IOV_MAX. One call moves one buffer and tells a short count,
// as WASI allows: wasmtime does the same, and a guest's fuel depends on how often its C library has to call again.
[[nodiscard]] Result<std::span<std::byte>> first_buffer(GuestMemory memory, U32 buffers, U32 count);

// Where in a file: at its own position, or at a given one.
struct Place {
  bool positioned = false;
  std::uint64_t offset = 0;
};

// How many bytes were moved; an error only if none was.
[[nodiscard]] Result<std::uint64_t> read_some(Wasi& wasi, const Descriptor& from, std::span<std::byte> to, Place place);
// Standard output and error count against the output limit: what exceeds it is not written, and the run ends.
[[nodiscard]] Result<std::uint64_t> write_some(Wasi& wasi, const Descriptor& to, std::span<const std::byte> from,
                                               Place place);

// What is known of an open descriptor of the worker.
[[nodiscard]] Result<FileStat> stat_of(int fd);
// What fd_filestat_get and path_filestat_get answer, before it is laid out.
[[nodiscard]] Result<FileStat> stat_descriptor(Wasi& wasi, U32 fd);
[[nodiscard]] Result<FileStat> stat_path(Wasi& wasi, GuestMemory memory, U32 fd, U32 lookup, U32 path, U32 length);

}  // namespace slack::worker::wasi

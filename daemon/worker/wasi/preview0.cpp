// Translates preview 0's numbers and layouts (wasi/legacy/preview0 of the WASI repository).
#include "daemon/worker/wasi/preview0.hpp"

#include <algorithm>
#include <iterator>
#include <limits>

#include "daemon/worker/wasi/poll.hpp"
#include "daemon/worker/wasi/stream.hpp"

namespace slack::worker::wasi::preview0 {
namespace {

struct OldFileStat {
  std::uint64_t device;
  std::uint64_t inode;
  FileType type;
  std::uint8_t padding[3];
  std::uint32_t links;
  std::uint64_t size;
  std::uint64_t accessed;
  std::uint64_t modified;
  std::uint64_t changed;
};
static_assert(sizeof(OldFileStat) == 56 && offsetof(OldFileStat, links) == 20);

Errno store(GuestMemory memory, U32 address, const Result<FileStat>& stat) {
  if (!stat) return stat.error();
  const auto links = std::min<std::uint64_t>(stat->links, std::numeric_limits<std::uint32_t>::max());
  const OldFileStat old{stat->device, stat->inode,    stat->type,     {},           static_cast<std::uint32_t>(links),
                        stat->size,   stat->accessed, stat->modified, stat->changed};
  return memory.store(address, old) ? Errno::success : Errno::fault;
}

}  // namespace

Errno fd_seek(Wasi& wasi, GuestMemory memory, U32 fd, U64 offset, U32 whence, U32 position) {
  static constexpr Whence kNow[] = {Whence::cur, Whence::end, Whence::set};
  if (whence >= std::size(kNow)) return Errno::inval;
  return wasi::fd_seek(wasi, memory, fd, offset, static_cast<U32>(kNow[whence]), position);
}

Errno fd_filestat_get(Wasi& wasi, GuestMemory memory, U32 fd, U32 address) {
  return store(memory, address, stat_descriptor(wasi, fd));
}

Errno path_filestat_get(Wasi& wasi, GuestMemory memory, U32 fd, U32 lookup, U32 path, U32 length, U32 address) {
  return store(memory, address, stat_path(wasi, memory, fd, lookup, path, length));
}

Errno poll_oneoff(Wasi& wasi, GuestMemory memory, U32 subscriptions, U32 events, U32 count, U32 event_count) {
  return poll(wasi, memory, Preview::zero, subscriptions, events, count, event_count);
}

}  // namespace slack::worker::wasi::preview0

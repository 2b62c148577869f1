// Preview 0, the module wasi_unstable: preview 1 but for four functions. Programs made in 2019 import it.
#pragma once

#include "daemon/worker/wasi/wasi.hpp"

namespace slack::worker::wasi::preview0 {

// What stayed the same is found here by its name, too.
using namespace wasi;  // NOLINT: preview0::NAME is one or the other

// whence: 0 from the current position, 1 from the end, 2 from the start.
Errno fd_seek(Wasi&, GuestMemory, U32 fd, U64 offset, U32 whence, U32 position);
// 56 bytes, with 32 bits for the number of links.
Errno fd_filestat_get(Wasi&, GuestMemory, U32 fd, U32 stat);
Errno path_filestat_get(Wasi&, GuestMemory, U32 fd, U32 lookup, U32 path, U32 length, U32 stat);
// Subscriptions of 56 bytes.
Errno poll_oneoff(Wasi&, GuestMemory, U32 subscriptions, U32 events, U32 count, U32 event_count);

}  // namespace slack::worker::wasi::preview0

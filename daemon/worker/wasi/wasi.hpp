// Wasi: the state behind the WASI functions of one run, and the functions themselves.
//
// Each function takes the guest's arguments as they are and touches guest memory only through GuestMemory. None
// allocates: seccomp lets a running worker map nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <poll.h>

#include "daemon/base/units.hpp"
#include "daemon/wire/worker_protocol.hpp"
#include "daemon/worker/guest_memory.hpp"
#include "daemon/worker/splitmix64.hpp"
#include "daemon/worker/wasi/abi.hpp"
#include "daemon/worker/wasi/descriptors.hpp"

namespace slack::worker::wasi {

// Why the run ends inside a host function.
struct Ending {
  wire::End end;
  std::int32_t exit_code = 0;
  const char* text = "";
};

// argv or the environment, laid out as the guest gets it: terminated strings one after the other.
class StringTable {
 public:
  StringTable() = default;
  explicit StringTable(const std::vector<std::string>& strings);
  [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(offsets_.size()); }
  [[nodiscard]] std::uint32_t bytes() const { return static_cast<std::uint32_t>(bytes_.size()); }
  [[nodiscard]] Errno copy(GuestMemory memory, std::uint32_t pointers, std::uint32_t buffer) const;

 private:
  std::string bytes_;
  std::vector<std::uint32_t> offsets_;
};

// How much one read or write, and one random_get, moves before it passes a safepoint of the host: some 100 microseconds
// of work each (getrandom gives about 200 MB a second).
inline constexpr std::uint64_t kTransferChunk = std::uint64_t{256} << 10;
inline constexpr std::uint64_t kRandomChunk = std::uint64_t{32} << 10;
// A pipe's capacity: one fd_read of standard input gives no more, whatever it is connected to.
inline constexpr std::uint64_t kInputChunk = 65536;
// Subscriptions of one poll_oneoff; far more than there can be descriptors.
inline constexpr std::uint32_t kMaxSubscriptions = 16384;
// Linux's PATH_MAX, the terminator included.
inline constexpr std::uint32_t kMaxPath = 4096;

struct Wasi {
  struct Settings {
    bool deterministic = false;
    Bytes output = Bytes::max();
    void (*safepoint)() = [] {};  // passed between chunks of long work
  };
  Wasi() = default;
  explicit Wasi(Settings with) : settings(with), output_left(with.output.count()) {}

  Settings settings;
  StringTable arguments;
  StringTable environment;
  std::vector<std::string> preopens;  // guest names
  Descriptors descriptors;
  std::uint64_t output_left = 0;  // bytes of standard output and error
  std::uint64_t clock_calls = 0;  // deterministic clock_time_get calls so far
  SplitMix64 random;
  std::optional<Ending> ending;  // set by a function that ends the run
  std::vector<pollfd> poll_set = std::vector<pollfd>(Descriptors::kMaximum);

  // Numbers 0, 1, 2, and then the directories, in this order.
  [[nodiscard]] Result<std::uint32_t> add_input(Fd fd);
  [[nodiscard]] Result<std::uint32_t> add_output(Fd fd);
  [[nodiscard]] Result<std::uint32_t> add_directory(Fd fd, std::string guest_name, bool read_only);

  // Writes to standard output within the output limit, all of it.
  [[nodiscard]] Errno print(std::string_view text);
};

using U32 = std::uint32_t;
using U64 = std::uint64_t;

Errno args_get(Wasi&, GuestMemory, U32 argv, U32 buffer);
Errno args_sizes_get(Wasi&, GuestMemory, U32 count, U32 bytes);
Errno environ_get(Wasi&, GuestMemory, U32 environ, U32 buffer);
Errno environ_sizes_get(Wasi&, GuestMemory, U32 count, U32 bytes);
Errno clock_res_get(Wasi&, GuestMemory, U32 clock, U32 resolution);
Errno clock_time_get(Wasi&, GuestMemory, U32 clock, U64 precision, U32 time);
Errno random_get(Wasi&, GuestMemory, U32 buffer, U32 length);
void proc_exit(Wasi&, GuestMemory, U32 code);
Errno proc_raise(Wasi&, GuestMemory, U32 number);
Errno sched_yield(Wasi&, GuestMemory);
Errno poll_oneoff(Wasi&, GuestMemory, U32 subscriptions, U32 events, U32 count, U32 event_count);

Errno fd_advise(Wasi&, GuestMemory, U32 fd, U64 offset, U64 length, U32 advice);
Errno fd_allocate(Wasi&, GuestMemory, U32 fd, U64 offset, U64 length);
Errno fd_close(Wasi&, GuestMemory, U32 fd);
Errno fd_datasync(Wasi&, GuestMemory, U32 fd);
Errno fd_fdstat_get(Wasi&, GuestMemory, U32 fd, U32 stat);
Errno fd_fdstat_set_flags(Wasi&, GuestMemory, U32 fd, U32 flags);
Errno fd_fdstat_set_rights(Wasi&, GuestMemory, U32 fd, U64 base, U64 inheriting);
Errno fd_filestat_get(Wasi&, GuestMemory, U32 fd, U32 stat);
Errno fd_filestat_set_size(Wasi&, GuestMemory, U32 fd, U64 size);
Errno fd_filestat_set_times(Wasi&, GuestMemory, U32 fd, U64 accessed, U64 modified, U32 flags);
Errno fd_pread(Wasi&, GuestMemory, U32 fd, U32 buffers, U32 count, U64 offset, U32 read);
Errno fd_pwrite(Wasi&, GuestMemory, U32 fd, U32 buffers, U32 count, U64 offset, U32 written);
Errno fd_read(Wasi&, GuestMemory, U32 fd, U32 buffers, U32 count, U32 read);
Errno fd_renumber(Wasi&, GuestMemory, U32 from, U32 to);
Errno fd_seek(Wasi&, GuestMemory, U32 fd, U64 offset, U32 whence, U32 position);
Errno fd_sync(Wasi&, GuestMemory, U32 fd);
Errno fd_tell(Wasi&, GuestMemory, U32 fd, U32 position);
Errno fd_write(Wasi&, GuestMemory, U32 fd, U32 buffers, U32 count, U32 written);

Errno fd_prestat_get(Wasi&, GuestMemory, U32 fd, U32 prestat);
Errno fd_prestat_dir_name(Wasi&, GuestMemory, U32 fd, U32 name, U32 length);
Errno fd_readdir(Wasi&, GuestMemory, U32 fd, U32 buffer, U32 length, U64 cookie, U32 used);
Errno path_create_directory(Wasi&, GuestMemory, U32 fd, U32 path, U32 length);
Errno path_filestat_get(Wasi&, GuestMemory, U32 fd, U32 lookup, U32 path, U32 length, U32 stat);
Errno path_filestat_set_times(Wasi&, GuestMemory, U32 fd, U32 lookup, U32 path, U32 length, U64 accessed, U64 modified,
                              U32 flags);
Errno path_link(Wasi&, GuestMemory, U32 old_fd, U32 lookup, U32 old_path, U32 old_length, U32 new_fd, U32 new_path,
                U32 new_length);
Errno path_open(Wasi&, GuestMemory, U32 fd, U32 lookup, U32 path, U32 length, U32 open_flags, U64 base, U64 inheriting,
                U32 flags, U32 opened);
Errno path_readlink(Wasi&, GuestMemory, U32 fd, U32 path, U32 length, U32 buffer, U32 buffer_length, U32 used);
Errno path_remove_directory(Wasi&, GuestMemory, U32 fd, U32 path, U32 length);
Errno path_rename(Wasi&, GuestMemory, U32 fd, U32 path, U32 length, U32 new_fd, U32 new_path, U32 new_length);
Errno path_symlink(Wasi&, GuestMemory, U32 target, U32 target_length, U32 fd, U32 path, U32 length);
Errno path_unlink_file(Wasi&, GuestMemory, U32 fd, U32 path, U32 length);

Errno sock_accept(Wasi&, GuestMemory, U32 fd, U32 flags, U32 accepted);
Errno sock_recv(Wasi&, GuestMemory, U32 fd, U32 buffers, U32 count, U32 flags, U32 received, U32 flags_out);
Errno sock_send(Wasi&, GuestMemory, U32 fd, U32 buffers, U32 count, U32 flags, U32 sent);
Errno sock_shutdown(Wasi&, GuestMemory, U32 fd, U32 how);

}  // namespace slack::worker::wasi

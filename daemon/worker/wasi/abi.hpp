// The numbers and layouts of WASI preview 1, as its witx files have them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slack::worker::wasi {

enum class Errno : std::uint16_t {
  success = 0,
  toobig = 1,
  acces = 2,
  again = 6,
  badf = 8,
  busy = 10,
  deadlk = 16,
  dquot = 19,
  exist = 20,
  fault = 21,
  fbig = 22,
  ilseq = 25,
  intr = 27,
  inval = 28,
  io = 29,
  isdir = 31,
  loop = 32,
  mfile = 33,
  mlink = 34,
  nametoolong = 37,
  nfile = 41,
  nodev = 43,
  noent = 44,
  nomem = 48,
  nospc = 51,
  nosys = 52,
  notdir = 54,
  notempty = 55,
  notsock = 57,
  notsup = 58,
  notty = 59,
  nxio = 60,
  overflow = 61,
  perm = 63,
  pipe = 64,
  range = 68,
  rofs = 69,
  spipe = 70,
  txtbsy = 74,
  xdev = 75,
  notcapable = 76,
};

// The WASI number of a Linux errno value; EIO for one that WASI has no number for.
[[nodiscard]] Errno from_linux(int error_number);
[[nodiscard]] Errno last_error();

namespace rights {
inline constexpr std::uint64_t fd_datasync = 1u << 0;
inline constexpr std::uint64_t fd_read = 1u << 1;
inline constexpr std::uint64_t fd_seek = 1u << 2;
inline constexpr std::uint64_t fd_fdstat_set_flags = 1u << 3;
inline constexpr std::uint64_t fd_sync = 1u << 4;
inline constexpr std::uint64_t fd_tell = 1u << 5;
inline constexpr std::uint64_t fd_write = 1u << 6;
inline constexpr std::uint64_t fd_advise = 1u << 7;
inline constexpr std::uint64_t fd_allocate = 1u << 8;
inline constexpr std::uint64_t path_create_directory = 1u << 9;
inline constexpr std::uint64_t path_create_file = 1u << 10;
inline constexpr std::uint64_t path_link_source = 1u << 11;
inline constexpr std::uint64_t path_link_target = 1u << 12;
inline constexpr std::uint64_t path_open = 1u << 13;
inline constexpr std::uint64_t fd_readdir = 1u << 14;
inline constexpr std::uint64_t path_readlink = 1u << 15;
inline constexpr std::uint64_t path_rename_source = 1u << 16;
inline constexpr std::uint64_t path_rename_target = 1u << 17;
inline constexpr std::uint64_t path_filestat_get = 1u << 18;
inline constexpr std::uint64_t path_filestat_set_size = 1u << 19;
inline constexpr std::uint64_t path_filestat_set_times = 1u << 20;
inline constexpr std::uint64_t fd_filestat_get = 1u << 21;
inline constexpr std::uint64_t fd_filestat_set_size = 1u << 22;
inline constexpr std::uint64_t fd_filestat_set_times = 1u << 23;
inline constexpr std::uint64_t path_symlink = 1u << 24;
inline constexpr std::uint64_t path_remove_directory = 1u << 25;
inline constexpr std::uint64_t path_unlink_file = 1u << 26;
inline constexpr std::uint64_t poll_fd_readwrite = 1u << 27;
inline constexpr std::uint64_t sock_shutdown = 1u << 28;
inline constexpr std::uint64_t sock_accept = 1u << 29;
inline constexpr std::uint64_t kKnown = (1u << 30) - 1;

// What can be done with a file and with a directory itself.
inline constexpr std::uint64_t kFile = fd_datasync | fd_read | fd_seek | fd_fdstat_set_flags | fd_sync | fd_tell |
                                       fd_write | fd_advise | fd_allocate | fd_filestat_get | fd_filestat_set_size |
                                       fd_filestat_set_times | poll_fd_readwrite;
inline constexpr std::uint64_t kDirectory =
    path_create_directory | path_create_file | path_link_source | path_link_target | path_open | fd_readdir |
    path_readlink | path_rename_source | path_rename_target | path_filestat_get | path_filestat_set_size |
    path_filestat_set_times | fd_filestat_get | fd_filestat_set_times | path_symlink | path_remove_directory |
    path_unlink_file;
// What a preopened directory hands on: all there is, sockets' rights too, because programs ask for every right that
// they know of and a request for one that is not handed on fails.
inline constexpr std::uint64_t kBelow = kKnown;
// A request for one of these opens a file for reading, or for writing.
inline constexpr std::uint64_t kReads = fd_read | fd_readdir;
inline constexpr std::uint64_t kWrites = fd_write | fd_datasync | fd_allocate | fd_filestat_set_size;
}  // namespace rights

enum class FileType : std::uint8_t {
  unknown = 0,
  block_device = 1,
  character_device = 2,
  directory = 3,
  regular_file = 4,
  socket_dgram = 5,
  socket_stream = 6,
  symbolic_link = 7,
};
// From the type bits of a st_mode, and from the d_type of a directory entry.
[[nodiscard]] FileType type_of_mode(std::uint32_t mode);
[[nodiscard]] FileType type_of_entry(std::uint8_t d_type);

namespace fdflags {
inline constexpr std::uint16_t append = 1, dsync = 2, nonblock = 4, rsync = 8, sync = 16, all = 31;
}
namespace oflags {
inline constexpr std::uint16_t creat = 1, directory = 2, excl = 4, trunc = 8, all = 15;
}
namespace fstflags {
inline constexpr std::uint16_t atim = 1, atim_now = 2, mtim = 4, mtim_now = 8, all = 15;
}
namespace lookupflags {
inline constexpr std::uint32_t symlink_follow = 1, all = 1;
}
enum class Whence : std::uint8_t { set = 0, cur = 1, end = 2 };
enum class Clock : std::uint32_t { realtime = 0, monotonic = 1, process_cputime = 2, thread_cputime = 3 };
enum class EventType : std::uint8_t { clock = 0, fd_read = 1, fd_write = 2 };

// Those whose default action is not to end the process, and the last one.
enum class Signal : std::uint32_t {
  none = 0,
  pipe = 13,
  chld = 16,
  cont = 17,
  stop = 18,
  tstp = 19,
  ttin = 20,
  ttou = 21,
  urg = 22,
  winch = 27,
  sys = 30,
};

struct Buffer {  // iovec and ciovec
  std::uint32_t address;
  std::uint32_t length;
};
struct FdStat {
  FileType type;
  std::uint8_t padding = 0;
  std::uint16_t flags;
  std::uint32_t padding2 = 0;
  std::uint64_t rights_base;
  std::uint64_t rights_inheriting;
};
struct FileStat {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  FileType type = FileType::unknown;
  std::uint8_t padding[7] = {};
  std::uint64_t links = 0;
  std::uint64_t size = 0;
  std::uint64_t accessed = 0;  // nanoseconds of CLOCK_REALTIME
  std::uint64_t modified = 0;
  std::uint64_t changed = 0;
};
struct PreStat {
  std::uint8_t tag = 0;  // a directory
  std::uint8_t padding[3] = {};
  std::uint32_t name_length;
};
struct DirectoryEntry {  // followed by the name
  std::uint64_t next;    // cookie
  std::uint64_t inode;
  std::uint32_t name_length;
  FileType type;
  std::uint8_t padding[3] = {};
};
struct Subscription {
  std::uint64_t userdata;
  EventType type;
  std::uint8_t padding[7];
  union {
    struct {
      std::uint32_t clock;
      std::uint32_t padding;
      std::uint64_t timeout;    // nanoseconds
      std::uint64_t precision;  // nanoseconds
      std::uint16_t flags;      // kAbsolute
      std::uint8_t padding2[6];
    } clock;
    struct {
      std::uint32_t fd;
    } file;
  };
  static constexpr std::uint16_t kAbsolute = 1;
};
struct Event {
  std::uint64_t userdata = 0;
  Errno error = Errno::success;
  EventType type = EventType::clock;
  std::uint8_t padding[5] = {};
  std::uint64_t bytes = 0;
  std::uint16_t flags = 0;  // kHangup
  std::uint8_t padding2[6] = {};
  static constexpr std::uint16_t kHangup = 1;
};

static_assert(sizeof(Buffer) == 8 && sizeof(FdStat) == 24 && sizeof(FileStat) == 64 && sizeof(PreStat) == 8);
static_assert(sizeof(DirectoryEntry) == 24 && sizeof(Subscription) == 48 && sizeof(Event) == 32);
static_assert(offsetof(Subscription, clock) == 16 && offsetof(Event, type) == 10 && offsetof(Event, bytes) == 16);

}  // namespace slack::worker::wasi

// Reads and writes in chunks, with a host safepoint between.
#include "daemon/worker/wasi/stream.hpp"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "daemon/base/clock.hpp"

namespace slack::worker::wasi {
namespace {

// Calls `move(offset, bytes)` until all is moved, a call moves less than asked, or one fails.
template <typename Move>
Result<std::uint64_t> in_chunks(Wasi& wasi, std::uint64_t length, std::uint64_t chunk, Move move) {
  std::uint64_t done = 0;
  do {
    if (done != 0) wasi.settings.safepoint();
    const std::uint64_t part = std::min(chunk, length - done);
    ssize_t moved = 0;
    // A signal is an interrupt, if anything: the safepoint does not return then.
    while ((moved = move(done, part)) < 0 && errno == EINTR) wasi.settings.safepoint();
    if (moved < 0) {
      if (done != 0) break;
      return tl::unexpected(last_error());
    }
    done += static_cast<std::uint64_t>(moved);
    if (static_cast<std::uint64_t>(moved) < part) break;
  } while (done < length);
  return done;
}

// A standard stream that its owner made non-blocking blocks here all the same: few programs expect EAGAIN there.
template <typename Call>
ssize_t when_ready(const Descriptor& stream, short events, Call call) {
  const bool waits = stream.kind == Descriptor::Kind::input || stream.kind == Descriptor::Kind::output;
  for (;;) {
    const ssize_t moved = call();
    if (moved >= 0 || errno != EAGAIN || !waits) return moved;
    pollfd ready{stream.fd.get(), events, 0};
    if (::ppoll(&ready, 1, nullptr, nullptr) < 0) return -1;
  }
}

bool offset_fits(Place place, std::uint64_t length) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());
  return place.offset <= kMost && length <= kMost - place.offset;
}

}  // namespace

Result<std::span<std::byte>> first_buffer(GuestMemory memory, U32 buffers, U32 count) {
  if (count > IOV_MAX) return tl::unexpected(Errno::inval);
  for (U32 i = 0; i < count; ++i) {
    const auto buffer = memory.load<Buffer>(std::uint64_t{buffers} + std::uint64_t{i} * sizeof(Buffer));
    if (!buffer) return tl::unexpected(Errno::fault);
    if (buffer->length == 0) continue;
    std::byte* bytes = memory.range(buffer->address, buffer->length);
    if (bytes == nullptr) return tl::unexpected(Errno::fault);
    return std::span<std::byte>(bytes, buffer->length);
  }
  return std::span<std::byte>();
}

Result<std::uint64_t> read_some(Wasi& wasi, const Descriptor& from, std::span<std::byte> to, Place place) {
  if (to.empty()) return 0;
  const int fd = from.fd.get();
  if (place.positioned) {
    if (!offset_fits(place, to.size())) return tl::unexpected(Errno::inval);
    return in_chunks(wasi, to.size(), kTransferChunk, [&](std::uint64_t done, std::uint64_t part) {
      return ::pread(fd, to.data() + done, part, static_cast<off_t>(place.offset + done));
    });
  }
  // What is no regular file may block once some bytes have come: one call only.
  const bool regular = from.kind == Descriptor::Kind::file && from.type == FileType::regular_file;
  const std::uint64_t most =
      regular ? to.size()
              : std::min<std::uint64_t>(to.size(), from.kind == Descriptor::Kind::input ? kInputChunk : kTransferChunk);
  return in_chunks(wasi, most, kTransferChunk, [&](std::uint64_t done, std::uint64_t part) {
    return when_ready(from, POLLIN, [&] { return ::read(fd, to.data() + done, part); });
  });
}

Result<std::uint64_t> write_some(Wasi& wasi, const Descriptor& to, std::span<const std::byte> from, Place place) {
  const int fd = to.fd.get();
  if (place.positioned) {
    if (from.empty()) return 0;
    if (!offset_fits(place, from.size())) return tl::unexpected(Errno::inval);
    return in_chunks(wasi, from.size(), kTransferChunk, [&](std::uint64_t done, std::uint64_t part) {
      return ::pwrite(fd, from.data() + done, part, static_cast<off_t>(place.offset + done));
    });
  }
  const bool counted = to.kind == Descriptor::Kind::output;
  const bool over = counted && from.size() > wasi.output_left;
  if (over) {
    wasi.ending = Ending{wire::End::limit, 0, "output"};
    from = from.first(wasi.output_left);
  }
  if (from.empty()) return 0;
  const auto written = in_chunks(wasi, from.size(), kTransferChunk, [&](std::uint64_t done, std::uint64_t part) {
    return when_ready(to, POLLOUT, [&] { return ::write(fd, from.data() + done, part); });
  });
  if (written && counted) wasi.output_left -= *written;
  return written;
}

Result<FileStat> stat_of(int fd) {
  struct stat status{};
  if (::fstat(fd, &status) < 0) return tl::unexpected(last_error());
  FileStat result;
  result.device = status.st_dev;
  result.inode = status.st_ino;
  result.type = type_of_mode(status.st_mode);
  result.links = status.st_nlink;
  result.size = static_cast<std::uint64_t>(status.st_size);
  result.accessed = to_nanos(status.st_atim).count();
  result.modified = to_nanos(status.st_mtim).count();
  result.changed = to_nanos(status.st_ctim).count();
  return result;
}

}  // namespace slack::worker::wasi

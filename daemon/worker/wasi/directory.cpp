// Directories' own functions: what is preopened, and what a directory holds.
#include <dirent.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>

#include "daemon/worker/wasi/stream.hpp"

namespace slack::worker::wasi {
namespace {

// One record as getdents64 writes it (getdents(2)).
struct KernelEntry {
  std::uint64_t inode;
  std::int64_t next;
  std::uint16_t size;
  std::uint8_t type;
  char name[1];
};
constexpr std::size_t kNameOffset = offsetof(KernelEntry, name);

// Appends what fits: the last entry may be cut short, which tells the guest that its buffer was too small.
class EntryWriter {
 public:
  explicit EntryWriter(std::span<std::byte> out) : out_(out) {}
  void append(const void* bytes, std::size_t size) {
    const std::size_t part = std::min(size, out_.size() - used_);
    std::memcpy(out_.data() + used_, bytes, part);
    used_ += part;
  }
  [[nodiscard]] bool full() const { return used_ == out_.size(); }
  [[nodiscard]] std::uint32_t used() const { return static_cast<std::uint32_t>(used_); }

 private:
  std::span<std::byte> out_;
  std::size_t used_ = 0;
};

}  // namespace

Errno fd_prestat_get(Wasi& wasi, GuestMemory memory, U32 fd, U32 address) {
  const auto found = wasi.descriptors.find(fd);
  if (!found) return found.error();
  if ((*found)->preopen == Descriptor::kNoPreopen) return Errno::badf;
  PreStat stat{};
  stat.name_length = static_cast<std::uint32_t>(wasi.preopens[(*found)->preopen].size());
  return memory.store(address, stat) ? Errno::success : Errno::fault;
}

Errno fd_prestat_dir_name(Wasi& wasi, GuestMemory memory, U32 fd, U32 address, U32 length) {
  const auto found = wasi.descriptors.find(fd);
  if (!found) return found.error();
  if ((*found)->preopen == Descriptor::kNoPreopen) return Errno::badf;
  const std::string& name = wasi.preopens[(*found)->preopen];
  if (length < name.size()) return Errno::nametoolong;
  std::byte* to = memory.range(address, name.size());
  if (to == nullptr) return Errno::fault;
  std::memcpy(to, name.data(), name.size());
  return Errno::success;
}

// A cookie is the kernel's own directory position, 0 for the beginning.
Errno fd_readdir(Wasi& wasi, GuestMemory memory, U32 fd, U32 buffer, U32 length, U64 cookie, U32 used) {
  const auto directory = wasi.descriptors.directory(fd, rights::fd_readdir);
  if (!directory) return directory.error();
  std::byte* to = memory.range(buffer, length);
  if (to == nullptr || memory.range(used, 4) == nullptr) return Errno::fault;
  const int raw = (*directory)->fd.get();
  if (static_cast<std::int64_t>(cookie) < 0 || ::lseek(raw, static_cast<off_t>(cookie), SEEK_SET) < 0)
    return Errno::inval;

  EntryWriter out({to, length});
  alignas(KernelEntry) std::array<std::byte, 8192> chunk;
  while (!out.full()) {
    const long got = ::syscall(SYS_getdents64, raw, chunk.data(), chunk.size());
    if (got < 0) return last_error();
    if (got == 0) break;
    for (std::size_t at = 0; at < static_cast<std::size_t>(got) && !out.full();) {
      const auto* entry = reinterpret_cast<const KernelEntry*>(chunk.data() + at);
      const std::size_t name_length = ::strnlen(entry->name, entry->size - kNameOffset);
      DirectoryEntry head{};
      head.next = static_cast<std::uint64_t>(entry->next);
      head.inode = entry->inode;
      // What lies above a preopened directory is nobody's business: its parent looks like itself.
      if ((*directory)->preopen != Descriptor::kNoPreopen && std::string_view(entry->name) == "..") {
        const auto own = stat_of(raw);
        if (!own) return own.error();
        head.inode = own->inode;
      }
      head.name_length = static_cast<std::uint32_t>(name_length);
      head.type = type_of_entry(entry->type);
      out.append(&head, sizeof head);
      out.append(entry->name, name_length);
      at += entry->size;
    }
    wasi.settings.safepoint();
  }
  return memory.store(used, out.used()) ? Errno::success : Errno::fault;
}

}  // namespace slack::worker::wasi

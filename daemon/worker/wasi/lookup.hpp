// Lookup: from a guest's path below a directory to a descriptor, never out of that directory.
#pragma once

#include <array>
#include <string_view>

#include "daemon/worker/wasi/wasi.hpp"

namespace slack::worker::wasi {

// A path copied out of guest memory, terminated, so that the guest cannot change it after the check.
struct Path {
  std::array<char, kMaxPath> bytes;
  std::uint32_t length = 0;
  [[nodiscard]] std::string_view view() const { return {bytes.data(), length}; }
};

// EFAULT outside memory, ENAMETOOLONG, EILSEQ for what is not UTF-8, EINVAL for a zero byte, ENOENT for nothing at all,
// EPERM for an absolute path: there is no root.
[[nodiscard]] Errno check_path(std::string_view path);
[[nodiscard]] Errno read_path(GuestMemory memory, U32 address, U32 length, Path& out);

// openat2 with RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS. What would lead out of the directory is EPERM.
[[nodiscard]] Result<Fd> open_beneath(int directory, const char* path, std::uint64_t flags, std::uint64_t mode = 0);

// "a/b/c/" as "a/b" and "c/": the last component keeps its trailing slashes, which mean that it is a directory. Calls
// on the last component (mkdirat, unlinkat, renameat) follow no link there.
struct Split {
  std::string_view parent;  // empty: the directory itself
  std::string_view name;
};
[[nodiscard]] Split split_path(std::string_view path);
[[nodiscard]] std::string_view without_slashes(std::string_view name);

// How many directories below the preopened one a path leads that begins `from` below it, as it is written; nullopt if
// it climbs above, or is absolute. What links on the way do to it is not looked at.
[[nodiscard]] std::optional<std::uint32_t> depth_after(std::uint32_t from, std::string_view path);

// What path_open's arguments mean: flags of openat2 and the rights of what is opened.
struct OpenRequest {
  std::uint64_t flags = 0;
  std::uint64_t base = 0;
  std::uint64_t inheriting = 0;
};
struct OpenArguments {
  U32 lookup = 0;
  U32 open_flags = 0;
  U64 base = 0;
  U64 inheriting = 0;
  U32 flags = 0;
};
// ENOTCAPABLE for a right that the directory does not hand on, and for flags that need a right it has not; rights that
// witx does not know are left out. EROFS where something would be written or created below a read-only directory, as on
// a read-only mount: that is the errno C programs know. EINVAL for flags that exclude each other or are not known.
[[nodiscard]] Result<OpenRequest> plan_open(const Descriptor& directory, const OpenArguments& arguments);

}  // namespace slack::worker::wasi

// Descriptors: the module's descriptor table, from its small numbers to descriptors of the worker and their rights.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "daemon/base/fd.hpp"
#include "daemon/worker/wasi/abi.hpp"

namespace slack::worker::wasi {

template <typename T>
using Result = tl::expected<T, Errno>;

struct Descriptor {
  enum class Kind : std::uint8_t { input, output, file, directory };
  static constexpr std::uint32_t kNoPreopen = ~std::uint32_t{0};

  Fd fd;
  Kind kind = Kind::file;
  FileType type = FileType::unknown;
  bool read_only = false;  // a directory that must not change, and all that is opened below it
  std::uint32_t preopen = kNoPreopen;
  std::uint32_t depth = 0;       // of a directory: how far below its preopened one, as its path was written
  std::uint64_t base = 0;        // rights of this descriptor
  std::uint64_t inheriting = 0;  // most rights of what is opened below it
};

// Why an operation may not use this descriptor; success if it may. Not being open for reading or writing is EBADF, as
// POSIX has it; every other right that is lacking is ENOTCAPABLE. fd_seek implies fd_tell (witx).
[[nodiscard]] Errno check_rights(const Descriptor& descriptor, std::uint64_t needed);

class Descriptors {
 public:
  // More than any RLIMIT_NOFILE that a worker is given; the table never allocates.
  static constexpr std::uint32_t kMaximum = 1024;

  // EBADF if it is not open.
  [[nodiscard]] Result<Descriptor*> find(std::uint32_t number);
  // Also EBADF if it is a directory or a standard stream.
  [[nodiscard]] Result<Descriptor*> file(std::uint32_t number, std::uint64_t needed);
  // Also ENOTDIR if it is no directory.
  [[nodiscard]] Result<Descriptor*> directory(std::uint32_t number, std::uint64_t needed);
  // A file or a standard stream.
  [[nodiscard]] Result<Descriptor*> stream(std::uint32_t number, std::uint64_t needed);

  // The lowest free number; EMFILE if there is none.
  [[nodiscard]] Result<std::uint32_t> insert(Descriptor descriptor);
  [[nodiscard]] Errno close(std::uint32_t number);
  // `to` becomes `from`; both must be open.
  [[nodiscard]] Errno renumber(std::uint32_t from, std::uint32_t to);

 private:
  std::array<std::optional<Descriptor>, kMaximum> table_;
};

}  // namespace slack::worker::wasi

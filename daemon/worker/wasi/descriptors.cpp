// The descriptor table's rules.
#include "daemon/worker/wasi/descriptors.hpp"

#include <utility>

namespace slack::worker::wasi {

Errno check_rights(const Descriptor& descriptor, std::uint64_t needed) {
  const std::uint64_t implied = (descriptor.base & rights::fd_seek) != 0 ? rights::fd_tell : 0;
  const std::uint64_t missing = needed & ~(descriptor.base | implied);
  if (missing == 0) return Errno::success;
  return (missing & (rights::fd_read | rights::fd_write)) != 0 ? Errno::badf : Errno::notcapable;
}

Result<Descriptor*> Descriptors::find(std::uint32_t number) {
  if (number >= kMaximum || !table_[number]) return tl::unexpected(Errno::badf);
  return &*table_[number];
}

Result<Descriptor*> Descriptors::file(std::uint32_t number, std::uint64_t needed) {
  const auto found = find(number);
  if (!found) return found;
  if ((*found)->kind != Descriptor::Kind::file) return tl::unexpected(Errno::badf);
  if (const Errno error = check_rights(**found, needed); error != Errno::success) return tl::unexpected(error);
  return found;
}

Result<Descriptor*> Descriptors::directory(std::uint32_t number, std::uint64_t needed) {
  const auto found = find(number);
  if (!found) return found;
  if ((*found)->kind != Descriptor::Kind::directory) return tl::unexpected(Errno::notdir);
  if (const Errno error = check_rights(**found, needed); error != Errno::success) return tl::unexpected(error);
  return found;
}

Result<Descriptor*> Descriptors::stream(std::uint32_t number, std::uint64_t needed) {
  const auto found = find(number);
  if (!found) return found;
  if ((*found)->kind == Descriptor::Kind::directory) return tl::unexpected(Errno::badf);
  if (const Errno error = check_rights(**found, needed); error != Errno::success) return tl::unexpected(error);
  return found;
}

Result<std::uint32_t> Descriptors::insert(Descriptor descriptor) {
  for (std::uint32_t number = 0; number < kMaximum; ++number) {
    if (table_[number]) continue;
    table_[number] = std::move(descriptor);
    return number;
  }
  return tl::unexpected(Errno::mfile);
}

Errno Descriptors::close(std::uint32_t number) {
  if (number >= kMaximum || !table_[number]) return Errno::badf;
  table_[number].reset();
  return Errno::success;
}

Errno Descriptors::renumber(std::uint32_t from, std::uint32_t to) {
  if (from >= kMaximum || !table_[from] || to >= kMaximum || !table_[to]) return Errno::badf;
  if (from == to) return Errno::success;
  table_[to] = std::move(*table_[from]);
  table_[from].reset();
  return Errno::success;
}

}  // namespace slack::worker::wasi

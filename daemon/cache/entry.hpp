// Entry: one image as a file of the cache: a header that says what it is, and the image behind it.
//
// Nothing in the file is believed before the digest over all of it has been found right: a torn write, a flipped bit or
// a file put into another's place is no entry.
#pragma once

#include <cstdint>

#include "daemon/base/fd.hpp"
#include "daemon/base/units.hpp"
#include "daemon/cache/key.hpp"

namespace slack::cache {

struct EntryHeader {
  char magic[8];  // "slackimg"
  std::uint32_t version;
  std::uint32_t header_bytes;
  std::uint64_t image_bytes;
  Key key;
  Digest digest;  // over the header with this field zero, and the image
};
static_assert(sizeof(EntryHeader) == 88);

// Writes an entry to an empty file from the position 0 on. `image` is a sealed memfd.
[[nodiscard]] Expected<void> write_entry(int file, const Key& key, int image, Bytes image_bytes);

// The image of the entry in `file` as a memfd sealed against every change. Faults: ENOMSG, with what is wrong, for a
// file that is not the entry of `key` or not whole; the kernel's for what it refused.
[[nodiscard]] Expected<Fd> read_entry(int file, const Key& key, Bytes most);

}  // namespace slack::cache

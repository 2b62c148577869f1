// Copies images between memfds and files, and takes their digest on the way.
#include "daemon/cache/entry.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "daemon/base/file_io.hpp"

namespace slack::cache {
namespace {

constexpr char kMagic[] = "slackimg";
constexpr std::uint32_t kVersion = 1;
// Small enough for the second-level cache of the core that hashes it.
constexpr std::size_t kChunk = 256 * 1024;

std::span<const std::byte> bytes_of(const EntryHeader& header) {
  return std::as_bytes(std::span<const EntryHeader, 1>(&header, 1));
}

tl::unexpected<Fault> not_whole(std::string what) { return fail(Fault{ENOMSG, std::move(what)}); }

constexpr char kRead[] = "read an image";
constexpr char kWrite[] = "write an image";

Expected<void> read_part(int file, std::span<std::byte> bytes, std::uint64_t offset) {
  auto read = read_exactly_at(file, bytes, offset, kRead);
  if (!read && read.error().code == ENODATA) return not_whole("it ends early");
  return read;
}

// Copies `size` bytes and takes them into the digest.
Expected<void> copy(int from, std::uint64_t from_offset, int to, std::uint64_t to_offset, Bytes size, Hasher& hasher) {
  std::vector<std::byte> buffer(std::min<std::uint64_t>(kChunk, size.count()));
  for (std::uint64_t done = 0; done < size.count();) {
    const auto chunk = std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), size.count() - done));
    if (auto read = read_part(from, chunk, from_offset + done); !read) return read;
    hasher.add(chunk);
    if (auto written = write_all_at(to, chunk, to_offset + done, kWrite); !written) return written;
    done += chunk.size();
  }
  return {};
}

}  // namespace

Expected<void> write_entry(int file, const Key& key, int image, Bytes image_bytes) {
  EntryHeader header{};
  std::memcpy(header.magic, kMagic, sizeof header.magic);
  header.version = kVersion;
  header.header_bytes = sizeof header;
  header.image_bytes = image_bytes.count();
  header.key = key;
  Hasher hasher;
  hasher.add(bytes_of(header));
  if (auto copied = copy(image, 0, file, sizeof header, image_bytes, hasher); !copied) return copied;
  header.digest = hasher.digest();
  return write_all_at(file, bytes_of(header), 0, kWrite);
}

Expected<Fd> read_entry(int file, const Key& key, Bytes most) {
  struct stat status{};
  if (::fstat(file, &status) < 0) return fail("stat an image");
  if (!S_ISREG(status.st_mode)) return not_whole("it is no regular file");
  EntryHeader header{};
  if (auto read = read_part(file, std::as_writable_bytes(std::span(&header, 1)), 0); !read) return fail(read.error());
  if (std::memcmp(header.magic, kMagic, sizeof header.magic) != 0 || header.version != kVersion ||
      header.header_bytes != sizeof header)
    return not_whole("it is no image of this version");
  if (header.key != key) return not_whole("it is another module's image");
  const Bytes size(header.image_bytes);
  if (size > most || static_cast<std::uint64_t>(status.st_size) != size.count() + sizeof header)
    return not_whole("its length is wrong");

  auto image = make_memfd("slack-image");
  if (!image) return image;
  const Digest wanted = std::exchange(header.digest, Digest{});
  Hasher hasher;
  hasher.add(bytes_of(header));
  if (auto copied = copy(file, sizeof header, image->get(), 0, size, hasher); !copied) return fail(copied.error());
  if (hasher.digest() != wanted) return not_whole("its content is damaged");
  if (const auto sealed = seal(*image); !sealed) return fail(sealed.error());
  return image;
}

}  // namespace slack::cache

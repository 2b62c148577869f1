// Hashes a key's parts, each behind its length, so that no two sets of parts read the same.
#include "daemon/cache/key.hpp"

#include <cstdint>

namespace slack::cache {
namespace {

// Changes with the format of entries or of keys.
constexpr std::string_view kDomain = "slackd image 1";

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

template <typename Number>
std::span<const std::byte> bytes_of(const Number& number) {
  return std::as_bytes(std::span<const Number, 1>(&number, 1));
}

}  // namespace

KeyMaker::KeyMaker(const KeyParts& parts, Bytes module) {
  const std::uint64_t uid = parts.uid;
  for (const auto part :
       {bytes_of(kDomain), bytes_of(uid), bytes_of(parts.compiler), bytes_of(parts.processor), parts.request}) {
    const std::uint64_t length = part.size();
    hasher_.add(bytes_of(length));
    hasher_.add(part);
  }
  const std::uint64_t length = module.count();
  hasher_.add(bytes_of(length));
}

Key make_key(const KeyParts& parts, std::span<const std::byte> module) {
  KeyMaker maker(parts, Bytes(module.size()));
  maker.add(module);
  return maker.key();
}

}  // namespace slack::cache

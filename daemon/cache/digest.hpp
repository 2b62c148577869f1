// Digest: SHA-256, of a key's parts and of an entry's content.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace slack::cache {

using Digest = std::array<std::byte, 32>;

// Takes bytes in and tells their digest. Any thread may have hashers of its own.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  void add(std::span<const std::byte> bytes);
  // Once, at the end.
  [[nodiscard]] Digest digest();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// 64 lower-case digits.
[[nodiscard]] std::string hexadecimal(const Digest& digest);

}  // namespace slack::cache

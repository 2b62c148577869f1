// GuestMemory: the module's linear memory as a host function may touch it, every access checked against its size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>

namespace slack::worker {

// Addresses are the module's 32-bit ones; sums with lengths are made in 64 bits and cannot wrap. Values are stored as
// the host has them, which is little-endian on the one architecture there is.
class GuestMemory {
 public:
  explicit GuestMemory(std::span<std::byte> bytes) : bytes_(bytes) {}

  [[nodiscard]] std::uint64_t size() const { return bytes_.size(); }

  // nullptr unless all of [address, address + length) exists. A range of no bytes may lie at the very end.
  [[nodiscard]] std::byte* range(std::uint32_t address, std::uint64_t length) const {
    if (address > bytes_.size() || length > bytes_.size() - address) return nullptr;
    return bytes_.data() + address;
  }

  template <typename T>
  [[nodiscard]] std::optional<T> load(std::uint64_t address) const {
    static_assert(std::is_trivially_copyable_v<T>);
    if (address > bytes_.size() || sizeof(T) > bytes_.size() - address) return std::nullopt;
    T value;
    std::memcpy(&value, bytes_.data() + address, sizeof value);
    return value;
  }

  template <typename T>
  [[nodiscard]] bool store(std::uint64_t address, const T& value) const {
    static_assert(std::is_trivially_copyable_v<T>);
    if (address > bytes_.size() || sizeof(T) > bytes_.size() - address) return false;
    std::memcpy(bytes_.data() + address, &value, sizeof value);
    return true;
  }

 private:
  std::span<std::byte> bytes_;
};

}  // namespace slack::worker

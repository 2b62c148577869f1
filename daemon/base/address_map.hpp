// The fixed addresses of a worker: written once, used by the compiler, the worker, the monitor and the tests.
//
// Everything that generated code reaches sits at a low address, so it is an absolute symbol of the small, non-PIC code
// model and costs no register. A worker may hold several instances, each at a slot of its own: slot 0 is the module
// that is run, the others are the modules linked to it. A slot gives an instance the addresses of its image, its
// context and the linear memory that it defines, and is known when the module is compiled.
#pragma once

#include <cstdint>
#include <optional>

namespace slack::address_map {

inline constexpr std::uint64_t kPageBytes = 4096;
inline constexpr std::uint64_t kWasmPageBytes = 65536;

// The safepoint page. Its first eight bytes: fuel consumed, as last published.
inline constexpr std::uint64_t kSafepoint = 0x0020'0000;
// Contexts (base/context.hpp): tables, globals, host-call slots. Slot 0 has what the linked modules leave.
inline constexpr std::uint64_t kContext = 0x0021'0000;
inline constexpr std::uint64_t kLinkedContexts = 0x0400'0000;
inline constexpr std::uint64_t kContextEnd = 0x1000'0000;
// Code images: text and read-only data. The same division.
inline constexpr std::uint64_t kImage = 0x1000'0000;
inline constexpr std::uint64_t kLinkedImages = 0x2800'0000;
inline constexpr std::uint64_t kImageEnd = 0x4000'0000;
// Linear memory: a 32-bit address plus a 32-bit offset plus the widest access, rounded up to a Wasm page. Slot 0's is
// within reach of a displacement, the others' addresses are immediates of 64 bits.
inline constexpr std::uint64_t kMemory = 0x4000'0000;
inline constexpr std::uint64_t kMemoryReserve = (std::uint64_t{8} << 30) + kWasmPageBytes;
inline constexpr std::uint64_t kMemoryStride = std::uint64_t{16} << 30;

// As many linked modules as a program made of plugins has; each may have an image of 16 MiB, twice that of sqlite
// with room to spare, and a context of 8 MiB, half a million globals.
inline constexpr std::uint32_t kLinkedSlots = 24;
inline constexpr std::uint32_t kSlots = 1 + kLinkedSlots;
inline constexpr std::uint64_t kLinkedImageBytes = (kImageEnd - kLinkedImages) / kLinkedSlots;
inline constexpr std::uint64_t kLinkedContextBytes = (kContextEnd - kLinkedContexts) / kLinkedSlots;
inline constexpr std::uint64_t kMemoryEnd = kMemory + (kSlots - 1) * kMemoryStride + kMemoryReserve;

// A half-open range of addresses.
struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  [[nodiscard]] constexpr std::uint64_t bytes() const { return end - begin; }
  [[nodiscard]] constexpr bool contains(std::uint64_t address) const { return address >= begin && address < end; }
};

[[nodiscard]] constexpr Range context_of(std::uint32_t slot) {
  if (slot == 0) return {kContext, kLinkedContexts};
  const std::uint64_t begin = kLinkedContexts + (slot - 1) * kLinkedContextBytes;
  return {begin, begin + kLinkedContextBytes};
}
[[nodiscard]] constexpr Range image_of(std::uint32_t slot) {
  if (slot == 0) return {kImage, kLinkedImages};
  const std::uint64_t begin = kLinkedImages + (slot - 1) * kLinkedImageBytes;
  return {begin, begin + kLinkedImageBytes};
}
[[nodiscard]] constexpr Range memory_of(std::uint32_t slot) {
  const std::uint64_t begin = kMemory + slot * kMemoryStride;
  return {begin, begin + kMemoryReserve};
}
// Whose image an address lies in.
[[nodiscard]] constexpr std::optional<std::uint32_t> slot_of_code(std::uint64_t address) {
  if (address < kImage || address >= kImageEnd) return std::nullopt;
  if (address < kLinkedImages) return 0;
  return static_cast<std::uint32_t>(1 + (address - kLinkedImages) / kLinkedImageBytes);
}

static_assert(kSafepoint % kPageBytes == 0 && kContext >= kSafepoint + kPageBytes);
static_assert(kContext < kLinkedContexts && kLinkedContexts < kContextEnd && kContextEnd <= kImage);
static_assert(kImage < kLinkedImages && kLinkedImages < kImageEnd);
static_assert(kImageEnd <= kMemory, "the image must not reach linear memory");
static_assert(kMemory < (std::uint64_t{1} << 31), "a symbol of the small code model is a signed 32-bit displacement");
static_assert(kLinkedImageBytes % kPageBytes == 0 && kLinkedContextBytes % kPageBytes == 0);
static_assert(kLinkedImageBytes * kLinkedSlots == kImageEnd - kLinkedImages, "the last slot ends where images do");
static_assert(kLinkedContextBytes * kLinkedSlots == kContextEnd - kLinkedContexts);
static_assert(context_of(kSlots - 1).end == kContextEnd && image_of(kSlots - 1).end == kImageEnd);
static_assert(kMemoryStride % kWasmPageBytes == 0 && kMemoryReserve <= kMemoryStride);
static_assert(memory_of(kSlots - 1).end == kMemoryEnd && kMemoryEnd < (std::uint64_t{1} << 46),
              "well below where the kernel puts programs and their mappings");
static_assert(slot_of_code(kLinkedImages - 1) == 0 && slot_of_code(kLinkedImages) == 1 &&
              slot_of_code(kImageEnd - 1) == kSlots - 1 && !slot_of_code(kImageEnd));

}  // namespace slack::address_map

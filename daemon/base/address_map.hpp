// The fixed addresses of a worker: written once, used by the compiler, the worker, the monitor and the tests.
//
// Everything that generated code reaches sits at a low address, so it is an absolute symbol of the small, non-PIC code
// model and costs no register.
#pragma once

#include <cstdint>

namespace slack::address_map {

inline constexpr std::uint64_t kPageBytes = 4096;
inline constexpr std::uint64_t kWasmPageBytes = 65536;

// The safepoint page. Its first eight bytes: fuel consumed, as last published.
inline constexpr std::uint64_t kSafepoint = 0x0020'0000;
// The context (base/context.hpp): tables, globals, host-call slots.
inline constexpr std::uint64_t kContext = 0x0021'0000;
inline constexpr std::uint64_t kContextEnd = 0x1000'0000;
// The code image: text and read-only data.
inline constexpr std::uint64_t kImage = 0x1000'0000;
inline constexpr std::uint64_t kImageEnd = 0x4000'0000;
// Linear memory 0: a 32-bit address plus a 32-bit offset plus the widest access, rounded up to a Wasm page.
inline constexpr std::uint64_t kMemory = 0x4000'0000;
inline constexpr std::uint64_t kMemoryReserve = (std::uint64_t{8} << 30) + kWasmPageBytes;
inline constexpr std::uint64_t kMemoryEnd = kMemory + kMemoryReserve;

static_assert(kSafepoint % kPageBytes == 0 && kContext >= kSafepoint + kPageBytes);
static_assert(kContext < kContextEnd && kContextEnd <= kImage);
static_assert(kImageEnd <= kMemory, "the image must not reach linear memory");
static_assert(kMemory < (std::uint64_t{1} << 31), "a symbol of the small code model is a signed 32-bit displacement");

}  // namespace slack::address_map

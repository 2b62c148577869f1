// What slackd and a compiler say to each other over the compiler's own SOCK_SEQPACKET socket.
//
//   daemon → compiler  CompileRequest and behind it the name of the export that is to be called, none for a linked
//                      module; + the client's module descriptor, an empty memfd for the image
//   compiler → daemon  CompileReply, then it exits
// The compiler reads the module's descriptor itself: a descriptor that blocks or lies blocks or cheats only it. The
// daemon seals the memfd after the compiler is gone.
#pragma once

#include <cstdint>
#include <type_traits>

namespace slack::wire {

// Threads that a compiler may have: as many as processors, but not more than this. Each takes memory of its own, and
// more than a compilation that nobody else shares the machine with is seldom.
inline constexpr unsigned kCompilerThreads = 8;

struct CompileRequest {
  std::uint64_t module_bytes_max;
  std::uint32_t metering;       // slack::Metering
  std::uint32_t deterministic;  // 1: canonical NaNs
  std::uint32_t slot;           // of address_map: 0 the module that is run, others linked modules
  std::uint32_t reserved;
};
// Its bytes are part of the name under which an image is kept: there is nothing between its members.
static_assert(std::has_unique_object_representations_v<CompileRequest>);

// A longer name of an export is not sent: the worker looks for it all the same.
inline constexpr std::size_t kEntryNameBytes = 4'096;
inline constexpr std::size_t kCompileRequestBytes = sizeof(CompileRequest) + kEntryNameBytes;

// Exit status of a compiler that was given no more memory: it cannot say so otherwise. sysexits.h: EX_OSERR.
inline constexpr int kCompilerOutOfMemory = 71;

enum class CompileStatus : std::uint32_t {
  compiled = 1,
  refused,  // text: the reason; offset: the byte offset, or kNoOffset
  fault,    // text: what the compiler itself could not do
};
inline constexpr std::uint64_t kNoOffset = ~std::uint64_t{0};

struct CompileReply {
  CompileStatus status;
  std::uint32_t text_bytes;
  std::uint64_t offset;
  std::uint64_t image_bytes;
  char text[1024];
};

}  // namespace slack::wire

// The limits of runs that are not options of RunModule: every thing a client can make grow, with the reason for its
// number.
#pragma once

#include <cstdint>

#include "daemon/base/address_map.hpp"
#include "daemon/base/units.hpp"

namespace slack::run::limits {

inline constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
inline constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

// --- a module and its compiler ---
// That of the WebAssembly JavaScript Interface, as all limits on what a module holds (jit/wasm/limits.hpp). What is
// near it meets the memory of a compiler first, unless most of it is in custom sections.
inline constexpr Bytes kModuleBytes{1 * kGiB};
// LLVM takes a few hundred bytes of memory for a byte of Wasm; most of it for the largest function alone. An element
// segment of ten million, which the JavaScript Interface allows, takes 2.2 GiB.
inline constexpr Bytes kCompilerMemory{3 * kGiB};
// Its address space: that memory, its files mapped, and the libraries of LLVM (a quarter of a GiB) with room to spare.
inline constexpr Bytes kCompilerAddresses{6 * kGiB};
// What its control group is charged: that memory, its files, the image, page tables.
inline constexpr Bytes kCompilerGroup{4 * kGiB + 128 * kMiB};
// sqlite3, 0.85 MiB, takes 34 s; effort is limited (jit/llvm/effort.hpp) so that what compilers emit takes about 80 s
// and what is beyond that some 5 s a MiB.
inline constexpr std::uint64_t kCompilerCpuSeconds = 180;
// For a machine that is busy with other things; a compiler that waits holds nobody up but its own user.
inline constexpr Micros kCompilerWall{900'000'000};
// Object file and image of the largest module; both lie in the compiler's private root and in the image memfd.
inline constexpr Bytes kImageBytes{384 * kMiB};
inline constexpr Bytes kCompilerFiles{512 * kMiB};
static_assert(kImageBytes.count() <= address_map::image_of(0).bytes(), "an image must fit its addresses");

// --- a worker ---
// A 32-bit linear memory has no more.
inline constexpr Bytes kMemoryBytes{4 * kGiB};
// Private memory of the worker itself: stacks (8 MiB for generated code), tables, contexts, its own heap.
inline constexpr Bytes kWorkerOverhead{96 * kMiB};
// The same for each linked module: its context, and tables of a million elements.
inline constexpr Bytes kLinkOverhead{16 * kMiB};
static_assert(kLinkOverhead.count() >= address_map::kLinkedContextBytes + 8 * kMiB);
// What a control group charges beyond private memory: page tables, sockets, page cache of the image and of files.
inline constexpr Bytes kGroupOverhead{64 * kMiB};
// Where a run may write files or to the client's own descriptors: the longest. Space as such is the client's own, by
// the quota of its filesystem; sqlite and the like stay below this.
inline constexpr Bytes kFileBytes{4 * kGiB};
// Files that a module may have open at once, beside its directories.
inline constexpr std::uint32_t kOpenFiles = 256;
// From the clone until the worker says it is ready, and from Start until it is prepared: milliseconds on a quiet
// machine; the margin is for one with hundreds of runs on two cores.
inline constexpr Micros kReadyWall{20'000'000};
inline constexpr Micros kPreparedWall{20'000'000};

// --- what one run may ask for ---
inline constexpr std::size_t kDirectories = 32;
// As many as there are addresses for (base/address_map.hpp).
inline constexpr std::size_t kLinks = address_map::kLinkedSlots;
// Arguments and environment together: Linux's own default for execve is a quarter of an 8 MiB stack, with a good part
// of that for pointers. Must also fit a D-Bus message.
inline constexpr Bytes kArgumentBytes{1 * kMiB};
inline constexpr Bytes kEnvironmentBytes{1 * kMiB};
inline constexpr std::size_t kNameBytes = 255;  // argv[0] is a file name: NAME_MAX

// --- all runs of a user, and of everybody ---
// A CI service's or a database's burst, waiting runs included; each run costs about twenty descriptors and three
// processes over its life.
inline constexpr std::size_t kRunsPerUser = 256;
inline constexpr std::size_t kRuns = 1024;
// Descriptors of the daemon that one live run may take beside its directories: module, image, two sides of its
// standard streams and their memfds, socket, pidfd, userfaultfd, safepoint page.
inline constexpr std::size_t kFdsPerRun = 16;
// Memory of the daemon's held output: 128 runs with the default limit. A run that finds no room waits for its turn.
inline constexpr Bytes kHeldPerUser{8 * kGiB};
inline constexpr Bytes kHeld{32 * kGiB};
inline constexpr std::size_t kDirectoriesPerUser = 1024;
// Each holds a descriptor or two while its run waits, and one of a worker's address slots.
inline constexpr std::size_t kLinksPerUser = 1024;

// Code images of live runs, in memory: those of 64 of the largest programs that toolchains commonly emit (64 MiB of
// image each), or one of the largest that there can be many times over.
inline constexpr Bytes kImagesPerUser{4 * kGiB};
inline constexpr Bytes kImages{16 * kGiB};

// --- the cache of images ---
// On disk: a thousand programs of a few hundred KiB of code, or twenty of the largest common ones.
inline constexpr Bytes kCacheBytes{1 * kGiB};
// In memory, ready to be handed on: what a busy service runs over and over.
inline constexpr Bytes kResidentBytes{256 * kMiB};
inline constexpr std::size_t kResidentImages = 256;  // each has a descriptor and a mapping
// Reading a module from a client's file system, which may be far away; and a disk of ours that has gone to sleep.
inline constexpr Micros kLookUpWall{30'000'000};
// Modules read at once to be looked for, beyond which each user still has one: what a disk and two cores' hashing keep
// busy with.
inline constexpr std::size_t kLooks = 4;
// What of one run's modules is hashed on the bus thread, where nothing else happens meanwhile: 0.2 ms.
inline constexpr Bytes kHashedAtOnce{256 * 1024};
// Images that wait to be written to disk; the bytes of each are charged to its user until then.
inline constexpr std::size_t kSavesWaiting = 256;
// Writing one: the largest, at 6 MiB a second. And how late its turn may come: what waited longer than several of those
// is behind a disk that keeps up with nothing, and is better compiled again than held on to.
inline constexpr Micros kSaveWall{60'000'000};
inline constexpr Micros kSaveQueued{300'000'000};
// Threads that a disk may hold beyond every signal, with the image of each: a second try, after the first was bad luck,
// and a third.
inline constexpr std::size_t kSavesHung = 3;
// Calls of GetStatus and of Prune that wait for an answer: more than administrators type, and each holds a message. A
// quarter of them for one user, and one for each user who has none, whoever has taken the rest.
inline constexpr std::size_t kQuestionsWaiting = 64;
inline constexpr std::size_t kQuestionsPerUser = 16;
// Looking through the folders: 20 ms; the rest is for a disk that has gone to sleep. The client's call has its own
// limit, 25 s by default.
inline constexpr Micros kQuestionWall{20'000'000};
inline constexpr std::size_t kQuestionsHung = 2;

// --- release of held output ---
// A client's end that nobody reads: a person may leave a pager for a while, a program that forgot its pipe must not
// keep its run's memory for ever.
inline constexpr Micros kReleaseStall{600'000'000};
// All of it: one that reads a byte now and then does not get round the limit above for longer.
inline constexpr Micros kReleaseWall{3'600'000'000};

// --- finished runs ---
// Long enough for a client to read the properties after RunFinished, few enough to be nothing.
inline constexpr Micros kFinishedKept{60'000'000};
inline constexpr std::size_t kFinishedPerUser = 64;

// --- shutdown ---
// What live runs get to end and their clients to hear of it; below systemd's 90 s by far.
inline constexpr Micros kShutdownWall{10'000'000};
// What an errand that was told to stop gets, before its thread is left to the end of the process (a FUSE server can
// hold a write beyond every signal).
inline constexpr Micros kErrandGrace{2'000'000};

}  // namespace slack::run::limits

// Maps what a worker needs beside the image.
#include "daemon/worker/address_space.hpp"

#include <signal.h>
#include <sys/mman.h>

namespace slack::worker {
namespace {

constexpr int kPrivate = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

}  // namespace

Expected<void> reserve_memory(std::uint32_t slot) {
  const auto range = address_map::memory_of(slot);
  void* const mapped =
      ::mmap(reinterpret_cast<void*>(range.begin), range.bytes(), PROT_NONE, kPrivate | MAP_FIXED_NOREPLACE, -1, 0);
  if (mapped == MAP_FAILED) return fail("reserve linear memory");
  return {};
}

Expected<ModuleStack> map_stack() {
  void* const mapped = ::mmap(nullptr, kStackGuardBytes + kStackBytes, PROT_NONE, kPrivate, -1, 0);
  if (mapped == MAP_FAILED) return fail("map the module's stack");
  char* const bottom = static_cast<char*>(mapped) + kStackGuardBytes;
  if (::mprotect(bottom, kStackBytes, PROT_READ | PROT_WRITE) < 0) return fail("map the module's stack");
  // A huge page would be zeroed for the few pages that most runs touch.
  (void)::madvise(bottom, kStackBytes, MADV_NOHUGEPAGE);
  const auto address = reinterpret_cast<std::uint64_t>(bottom);
  return ModuleStack{{address, address + kStackBytes}, {address - kStackGuardBytes, address}};
}

Expected<void> map_signal_stack() {
  void* const mapped = ::mmap(nullptr, kSignalStackBytes, PROT_READ | PROT_WRITE, kPrivate, -1, 0);
  if (mapped == MAP_FAILED) return fail("map the signal stack");
  const stack_t stack{mapped, 0, kSignalStackBytes};
  if (::sigaltstack(&stack, nullptr) < 0) return fail("sigaltstack");
  return {};
}

Expected<ContextHead*> map_context(std::uint32_t slot, Bytes size) {
  const auto range = address_map::context_of(slot);
  if (size.count() > range.bytes()) return fail("map the context", E2BIG);
  void* const mapped = ::mmap(reinterpret_cast<void*>(range.begin), size.count(), PROT_READ | PROT_WRITE,
                              kPrivate | MAP_FIXED_NOREPLACE, -1, 0);
  if (mapped == MAP_FAILED) return fail("map the context");
  return static_cast<ContextHead*>(mapped);
}

}  // namespace slack::worker

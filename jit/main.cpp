// slack-compile: WebAssembly in, an image for slack-worker out; by hand, or as the zygote of slackd's compilers.
#include <malloc.h>

#include <cstdio>
#include <new>
#include <string_view>

#include "daemon/sandbox/policy/seccomp.hpp"
#include "daemon/sandbox/policy/zygote_server.hpp"
#include "jit/command_line.hpp"
#include "jit/compile_service.hpp"
#include "jit/llvm/compiler.hpp"

namespace {

// The heap of a compilation only grows, and the process ends with it: ask the kernel for it in few large steps.
constexpr int kHeapStepBytes = 64 << 20;

constexpr int kMostMmapThresholdBytes = 32 << 20;  // what glibc takes at most

// A compiler's own root is empty and its alone.
constexpr char kPrivateRoot[] = "/";

int serve_slackd() {
  using namespace slack;
  const auto filter = sandbox::compile_filter(sandbox::Role::compiler);
  if (!filter) {
    std::fprintf(stderr, "slack-compile: %s\n", filter.error().what.c_str());
    return jit::kExitFault;
  }
  const auto child = [&filter](sandbox::Confined confined) {
    return jit::serve_compile_request(
        std::move(confined.socket), [&filter] { return sandbox::load_filter(*filter); }, kPrivateRoot);
  };
  // Cold, every compiler would set LLVM up for itself; it would still compile.
  const auto warm_up = [] {
    if (const auto warm = jit::warm_up(jit::kNoScratch); !warm)
      std::fprintf(stderr, "slack-compile: starts cold: %s\n", warm.error().what.c_str());
  };
  return sandbox::serve(Fd(wire::kZygoteControl), child, warm_up);
}

}  // namespace

int main(int argc, char** argv) {
  std::set_new_handler(slack::jit::out_of_memory);
  ::mallopt(M_TOP_PAD, kHeapStepBytes);
  ::mallopt(M_TRIM_THRESHOLD, 1 << 30);
  ::mallopt(M_MMAP_THRESHOLD, kMostMmapThresholdBytes);
  if (argc == 2 && std::string_view(argv[1]) == slack::wire::kZygoteArgument) return serve_slackd();
  return slack::jit::run_command_line(argc, argv);
}

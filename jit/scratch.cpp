// Scratch: a directory for the linker's files.
#include "jit/scratch.hpp"

#include <unistd.h>

#include <cstdlib>

#include "jit/llvm/compiler.hpp"

namespace slack::jit {

Expected<Scratch> Scratch::make() {
  const char* parent = std::getenv("TMPDIR");
  auto path = std::string(parent && *parent ? parent : "/tmp") + "/slack-compile-XXXXXX";
  if (!::mkdtemp(path.data())) return fail("mkdtemp " + path);
  return Scratch(std::move(path));
}

Scratch::~Scratch() {
  if (!path_.empty()) ::rmdir(path_.c_str());
}

Expected<void> warm_up_here() {
  const auto scratch = Scratch::make();
  if (!scratch) return fail(scratch.error());
  return warm_up(scratch->path());
}

}  // namespace slack::jit

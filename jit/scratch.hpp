// Scratch: a directory for the linker's files, gone with this object.
#pragma once

#include <string>

#include "daemon/base/fault.hpp"

namespace slack::jit {

class Scratch {
 public:
  // Below $TMPDIR, or else /tmp.
  [[nodiscard]] static Expected<Scratch> make();
  Scratch(Scratch&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  Scratch& operator=(Scratch&&) = delete;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch();

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit Scratch(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// warm_up() (jit/llvm/compiler.hpp) with a scratch directory of its own.
[[nodiscard]] Expected<void> warm_up_here();

}  // namespace slack::jit

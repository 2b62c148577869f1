// Fd owns one file descriptor: move-only, closed on destruction, close-on-exec from birth.
#pragma once

#include <sys/types.h>

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/fault.hpp"
#include "daemon/base/units.hpp"

namespace slack {

class [[nodiscard]] Fd {
 public:
  Fd() = default;
  explicit Fd(int raw) : raw_(raw) {}
  Fd(Fd&& other) noexcept : raw_(std::exchange(other.raw_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      raw_ = std::exchange(other.raw_, -1);
    }
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  [[nodiscard]] int get() const { return raw_; }
  [[nodiscard]] bool valid() const { return raw_ >= 0; }
  [[nodiscard]] int release() { return std::exchange(raw_, -1); }
  void reset();

  // A second descriptor for the same open file description, close-on-exec.
  [[nodiscard]] Expected<Fd> duplicate() const;

 private:
  int raw_ = -1;
};

// Writes all of `bytes` at the file's place. `what` begins the fault's text.
[[nodiscard]] Expected<void> write_all(int fd, std::span<const char> bytes, const std::string& what);
// An empty memfd that can be sealed. `name` shows in /proc/PID/maps only.
[[nodiscard]] Expected<Fd> make_memfd(const char* name);
// Closes a memfd to every change for ever.
[[nodiscard]] Expected<void> seal(const Fd& memfd);
// A memfd that holds `content` and is sealed against every change.
[[nodiscard]] Expected<Fd> make_sealed_memfd(const char* name, const void* content, Bytes size);
// A connected pair of SOCK_SEQPACKET sockets.
struct SocketPair {
  Fd ours;
  Fd theirs;
};
[[nodiscard]] Expected<SocketPair> make_socket_pair();

}  // namespace slack

// Stand-ins for the daemon: orders to confined children, and a second process that plays the daemon under another uid.
#pragma once

#include <sys/types.h>

#include <cstring>
#include <functional>
#include <optional>
#include <string>

#include "daemon/base/fd.hpp"
#include "daemon/base/socket.hpp"
#include "daemon/sandbox/zygote.hpp"
#include "tests/unit/sandbox/child_report.hpp"

namespace slack::sandbox::test {

// AddressSanitizer's shadow counts as data and lies where a worker's memory would: limits on memory mean nothing then.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
inline constexpr bool kSanitized = __has_feature(address_sanitizer);
#else
inline constexpr bool kSanitized = false;
#endif

// The path of the test zygote, good under any uid.
[[nodiscard]] std::string test_zygote();
[[nodiscard]] ChildLimits usual_limits();

// Sends an order, waits for its answer; nothing if the child died over it.
template <typename Answer>
[[nodiscard]] std::optional<Answer> ask(const Spawned& child, const Command& command, int fd = -1);

// Ends a child and reaps it; its wait status as waitid's si_code and si_status.
struct End {
  int code = 0;
  int status = 0;
};
[[nodiscard]] End end_and_reap(Spawned& child);
// Waits for a child that ends by itself.
[[nodiscard]] End await_end(Spawned& child);

// Runs `body` in a process of its own that has taken `uid` (and gid) if that is not 0, and waits for it. The text that
// `body` returns says what was wrong; empty: nothing.
[[nodiscard]] std::string in_process(uid_t uid, const std::function<std::string()>& body);

template <typename Answer>
std::optional<Answer> ask(const Spawned& child, const Command& command, int fd) {
  if (!send_datagram(child.socket.get(), bytes_of(command), std::span<const int>(&fd, fd >= 0 ? 1 : 0))) return {};
  auto datagram = receive_datagram(child.socket.get(), sizeof(Answer));
  Answer answer{};
  if (!datagram || datagram->bytes.size() != sizeof answer) return {};
  std::memcpy(&answer, datagram->bytes.data(), sizeof answer);
  return answer;
}

}  // namespace slack::sandbox::test

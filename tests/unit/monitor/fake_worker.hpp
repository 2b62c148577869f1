// FakeWorker: a forked process that behaves to the monitor like a worker, with a body of a few lines.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "daemon/base/fd.hpp"
#include "daemon/monitor/monitor.hpp"

namespace slack::test {

// An image of a few safepoints, without a file.
class FakeImage : public image::ImageView {
 public:
  image::Segment text;
  std::vector<image::SafepointEntry> safepoints;

  [[nodiscard]] std::span<const image::Segment> segments() const override { return {&text, 1}; }
  [[nodiscard]] std::uint64_t header_address() const override { return 0; }
  [[nodiscard]] std::optional<image::SafepointEntry> safepoint_at(std::uint64_t pc) const override;
  [[nodiscard]] std::optional<image::LineEntry> line_at(std::uint64_t) const override { return std::nullopt; }
  [[nodiscard]] std::optional<std::string> function_at(std::uint64_t) const override { return std::nullopt; }
  [[nodiscard]] std::string function_name(std::uint32_t) const override { return {}; }
};

// The inside of the process, after Go. Only what is safe after a fork of a program with threads: system calls.
namespace inside {
// Counts on from `fuel` until `last`, one fuel at a time, with the safepoint of spin_image(); returns `last`.
std::uint64_t count(std::uint64_t fuel, std::uint64_t last);
// The same with host code's safepoint: the value in rax.
std::uint64_t count_in_host(std::uint64_t fuel, std::uint64_t last);
// Publishes one figure.
void publish(std::uint64_t fuel);
void send(int socket, const void* bytes, std::size_t size);
// A WorkerReport{returned} with this fuel and this CPU time.
void report_returned(int socket, std::uint64_t fuel, std::uint64_t cpu_nanos = 0);
// Blocks in the kernel until killed.
[[noreturn]] void block();
}  // namespace inside

inline constexpr std::uint64_t kForever = ~std::uint64_t{0};
// The potential that spin_image() has at the safepoint of inside::count.
inline constexpr std::uint64_t kPotential = 1000;

// The image whose only safepoint is the store of inside::count (r14).
[[nodiscard]] std::shared_ptr<FakeImage> spin_image();

// The body returns: the process exits with 0.
using Body = std::function<void(int socket)>;

// Maps its safepoint page, makes its userfaultfd, hands both over, and waits for Go.
[[nodiscard]] monitor::Assignment fork_worker(monitor::RunId id, const Body& body, monitor::RunLimits limits = {});
// This machine lets us make a user-mode userfaultfd that write-protects shared memory.
[[nodiscard]] bool userfaultfd_works();

}  // namespace slack::test

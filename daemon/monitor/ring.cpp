// liburing calls of the monitor.
#include "daemon/monitor/ring.hpp"

#include <poll.h>

#include <array>

namespace slack::monitor {
namespace {

constexpr unsigned kSubmissions = 128;
// Token of requests whose completions nobody waits for.
constexpr Token kNobody = 0;

}  // namespace

Expected<std::unique_ptr<Ring>> Ring::create() {
  std::unique_ptr<Ring> made(new Ring);
  io_uring_params params{};
  // One thread submits and reaps; completions are worked off when it waits, never by an interrupt of it.
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
  params.cq_entries = 8 * kSubmissions;
  const int error = ::io_uring_queue_init_params(kSubmissions, &made->ring_, &params);
  if (error == -EPERM || error == -ENOSYS)
    return fail(
        "io_uring is not to be had (the sysctl kernel.io_uring_disabled must be 0, and a seccomp filter around "
        "slackd must allow it)",
        -error);
  if (error < 0) return fail("io_uring_setup (Linux 6.1 or later is needed)", -error);
  made->open_ = true;
  return made;
}

Ring::~Ring() {
  if (open_) ::io_uring_queue_exit(&ring_);
}

io_uring_sqe* Ring::entry() {
  io_uring_sqe* sqe = ::io_uring_get_sqe(&ring_);
  while (sqe == nullptr) {
    (void)::io_uring_submit(&ring_);
    sqe = ::io_uring_get_sqe(&ring_);
  }
  return sqe;
}

void Ring::poll_once(int fd, Token token) {
  io_uring_sqe* sqe = entry();
  ::io_uring_prep_poll_add(sqe, fd, POLLIN);
  ::io_uring_sqe_set_data64(sqe, token);
}

void Ring::poll_always(int fd, Token token) {
  io_uring_sqe* sqe = entry();
  ::io_uring_prep_poll_multishot(sqe, fd, POLLIN);
  ::io_uring_sqe_set_data64(sqe, token);
}

void Ring::cancel(Token token) {
  io_uring_sqe* sqe = entry();
  ::io_uring_prep_poll_remove(sqe, token);
  ::io_uring_sqe_set_data64(sqe, kNobody);
}

Expected<void> Ring::wait(std::vector<Completion>& completions) {
  completions.clear();
  const int submitted = ::io_uring_submit_and_wait(&ring_, 1);
  // Interrupted, out of memory for the moment, or the completion queue ran over: what is there is worked off first.
  if (submitted < 0 && submitted != -EINTR && submitted != -EAGAIN && submitted != -EBUSY)
    return fail("wait for an io_uring", -submitted);
  std::array<io_uring_cqe*, kBatch> ready{};
  const unsigned count = ::io_uring_peek_batch_cqe(&ring_, ready.data(), kBatch);
  for (unsigned i = 0; i < count; ++i) {
    const io_uring_cqe& cqe = *ready[i];
    if (cqe.user_data == kNobody) continue;
    completions.push_back(Completion{cqe.user_data, cqe.res, (cqe.flags & IORING_CQE_F_MORE) != 0});
  }
  ::io_uring_cq_advance(&ring_, count);
  return {};
}

}  // namespace slack::monitor

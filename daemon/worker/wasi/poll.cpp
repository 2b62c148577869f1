// poll_oneoff: clocks and readiness in one wait.
#include "daemon/worker/wasi/poll.hpp"

#include <algorithm>
#include <limits>

namespace slack::worker::wasi {
namespace {

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

std::uint64_t read_clock(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(time.tv_nsec);
}

Now read_now() { return Now{read_clock(CLOCK_MONOTONIC), read_clock(CLOCK_REALTIME)}; }

Event event_for(const Subscription& subscription, Errno error) {
  Event event;
  event.userdata = subscription.userdata;
  event.type = subscription.type;
  event.error = error;
  return event;
}

short interest(const Subscription& subscription) { return subscription.type == EventType::fd_read ? POLLIN : POLLOUT; }

// One poll_oneoff call: its subscriptions are read from guest memory twice, before and after the wait.
class Poll {
 public:
  Poll(Wasi& wasi, GuestMemory memory, U32 subscriptions, U32 events, U32 count)
      : wasi_(wasi), memory_(memory), subscriptions_(subscriptions), events_(events), count_(count) {}

  Errno run(U32& event_count) {
    const Now start = read_now();
    for (U32 i = 0; i < count_; ++i) prepare(subscription(i), start);
    for (;;) {
      if (const Errno error = wait(); error != Errno::success) return error;
      const Now now = read_now();
      written_ = 0;
      for (U32 i = 0; i < count_; ++i) collect(subscription(i), start, now);
      if (written_ != 0) break;
    }
    event_count = written_;
    return Errno::success;
  }

 private:
  [[nodiscard]] Subscription subscription(U32 index) const {
    // In range: the whole array was checked, and memory never shrinks.
    return memory_.load<Subscription>(subscriptions_ + std::uint64_t{index} * sizeof(Subscription)).value();
  }

  // EBADF, or what a descriptor that may be polled lacks.
  Result<Descriptor*> polled(const Subscription& wanted) {
    const auto found = wasi_.descriptors.find(wanted.file.fd);
    if (!found) return found;
    const std::uint64_t right = wanted.type == EventType::fd_read ? rights::fd_read : rights::fd_write;
    if ((*found)->kind == Descriptor::Kind::directory) return tl::unexpected(Errno::badf);
    if (const Errno error = check_rights(**found, right); error != Errno::success) return tl::unexpected(error);
    return found;
  }

  // The entry of the poll set for a descriptor, made if there is none.
  pollfd& entry(int fd) {
    const auto end = wasi_.poll_set.begin() + polled_;
    const auto found = std::find_if(wasi_.poll_set.begin(), end, [fd](const pollfd& p) { return p.fd == fd; });
    if (found != end) return *found;
    wasi_.poll_set[static_cast<std::size_t>(polled_++)] = pollfd{fd, 0, 0};
    return wasi_.poll_set[static_cast<std::size_t>(polled_ - 1)];
  }

  void prepare(const Subscription& wanted, const Now& now) {
    if (wanted.type == EventType::clock) {
      const auto due = wasi_.settings.deterministic ? Result<std::uint64_t>(0) : due_time(wanted, now);
      due_ = std::min(due_, due.value_or(0));
    } else if (wanted.type == EventType::fd_read || wanted.type == EventType::fd_write) {
      const auto found = polled(wanted);
      if (!found) {
        due_ = 0;
        return;
      }
      pollfd& polled_fd = entry((*found)->fd.get());
      polled_fd.events = static_cast<short>(polled_fd.events | interest(wanted));
    } else {
      due_ = 0;
    }
  }

  Errno wait() {
    const timespec timeout = wait_until(due_, read_clock(CLOCK_MONOTONIC));
    const int ready =
        ::ppoll(wasi_.poll_set.data(), static_cast<nfds_t>(polled_), due_ == kNever ? nullptr : &timeout, nullptr);
    return ready < 0 && errno != EINTR ? last_error() : Errno::success;
  }

  void collect(const Subscription& wanted, const Now& start, const Now& now) {
    if (wanted.type == EventType::clock) {
      const auto due = wasi_.settings.deterministic ? Result<std::uint64_t>(0) : due_time(wanted, start);
      if (!due)
        write(event_for(wanted, due.error()));
      else if (*due <= now.monotonic)
        write(event_for(wanted, Errno::success));
    } else if (wanted.type == EventType::fd_read || wanted.type == EventType::fd_write) {
      const auto found = polled(wanted);
      if (!found) return write(event_for(wanted, found.error()));
      if (const auto event = event_of(wanted, entry((*found)->fd.get()).revents)) write(*event);
    } else {
      write(event_for(wanted, Errno::inval));
    }
  }

  void write(const Event& event) {
    if (memory_.store(events_ + std::uint64_t{written_} * sizeof(Event), event)) ++written_;
  }

  Wasi& wasi_;
  GuestMemory memory_;
  U32 subscriptions_;
  U32 events_;
  U32 count_;
  U32 written_ = 0;
  std::ptrdiff_t polled_ = 0;
  std::uint64_t due_ = kNever;
};

}  // namespace

Result<std::uint64_t> due_time(const Subscription& subscription, const Now& now) {
  const auto& clock = subscription.clock;
  const bool absolute = (clock.flags & Subscription::kAbsolute) != 0;
  std::uint64_t wait = clock.timeout;
  switch (static_cast<Clock>(clock.clock)) {
    case Clock::realtime:
      if (absolute) wait = clock.timeout < now.realtime ? 0 : clock.timeout - now.realtime;
      break;
    case Clock::monotonic:
      if (absolute) return clock.timeout;
      break;
    default:
      return tl::unexpected(Errno::inval);
  }
  return wait > kNever - 1 - now.monotonic ? kNever - 1 : now.monotonic + wait;
}

timespec wait_until(std::uint64_t due, std::uint64_t monotonic_now) {
  const std::uint64_t wait = due <= monotonic_now ? 0 : due - monotonic_now;
  return timespec{static_cast<time_t>(wait / 1'000'000'000), static_cast<long>(wait % 1'000'000'000)};
}

std::optional<Event> event_of(const Subscription& subscription, short answered) {
  const auto wanted = static_cast<short>(interest(subscription) | POLLERR | POLLHUP | POLLNVAL);
  if ((answered & wanted) == 0) return std::nullopt;
  Event event = event_for(subscription, Errno::success);
  if ((answered & POLLNVAL) != 0) event.error = Errno::badf;
  if ((answered & POLLERR) != 0) event.error = Errno::io;
  // How much can be moved is not known without asking the device; at least one byte, or the end.
  if ((answered & interest(subscription)) != 0) event.bytes = 1;
  if ((answered & POLLHUP) != 0) event.flags = Event::kHangup;
  return event;
}

Errno poll_oneoff(Wasi& wasi, GuestMemory memory, U32 subscriptions, U32 events, U32 count, U32 event_count) {
  if (count == 0 || count > kMaxSubscriptions) return Errno::inval;
  if (memory.range(subscriptions, std::uint64_t{count} * sizeof(Subscription)) == nullptr ||
      memory.range(events, std::uint64_t{count} * sizeof(Event)) == nullptr || memory.range(event_count, 4) == nullptr)
    return Errno::fault;
  U32 written = 0;
  if (const Errno error = Poll(wasi, memory, subscriptions, events, count).run(written); error != Errno::success)
    return error;
  return memory.store(event_count, written) ? Errno::success : Errno::fault;
}

}  // namespace slack::worker::wasi

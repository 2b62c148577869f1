// poll_oneoff: clocks and readiness in one wait.
#include "daemon/worker/wasi/poll.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "daemon/base/clock.hpp"

namespace slack::worker::wasi {
namespace {

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

std::uint64_t read_clock(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return to_nanos(time).count();
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

// Preview 0's: a clock had a name of its own, which nothing came of.
struct OldSubscription {
  std::uint64_t userdata;
  EventType type;
  std::uint8_t padding[7];
  union {
    struct {
      std::uint64_t identifier;
      std::uint32_t clock;
      std::uint32_t padding;
      std::uint64_t timeout;
      std::uint64_t precision;
      std::uint16_t flags;
      std::uint8_t padding2[6];
    } clock;
    struct {
      std::uint32_t fd;
    } file;
  };
};
static_assert(sizeof(OldSubscription) == 56 && offsetof(OldSubscription, clock) == 16);

std::uint64_t size_of(Preview preview) {
  return preview == Preview::zero ? sizeof(OldSubscription) : sizeof(Subscription);
}

Subscription modern(const OldSubscription& old) {
  Subscription subscription{};
  subscription.userdata = old.userdata;
  subscription.type = old.type;
  if (old.type == EventType::clock) {
    subscription.clock.clock = old.clock.clock;
    subscription.clock.timeout = old.clock.timeout;
    subscription.clock.precision = old.clock.precision;
    subscription.clock.flags = old.clock.flags;
  } else {
    subscription.file.fd = old.file.fd;
  }
  return subscription;
}

bool is_known(const Subscription& subscription) {
  if (subscription.type == EventType::clock) return (subscription.clock.flags & ~Subscription::kAbsolute) == 0;
  return subscription.type == EventType::fd_read || subscription.type == EventType::fd_write;
}

// What a regular file has left to read.
std::uint64_t bytes_left(int fd) {
  struct stat status{};
  const off_t position = ::lseek(fd, 0, SEEK_CUR);
  if (position < 0 || ::fstat(fd, &status) < 0 || status.st_size < position) return 0;
  return static_cast<std::uint64_t>(status.st_size - position);
}

// Subscriptions that are looked at before the host passes a safepoint.
constexpr U32 kSafepointEvery = 256;

// One poll_oneoff call: its subscriptions are read from guest memory twice, before and after the wait.
class Poll {
 public:
  Poll(Wasi& wasi, GuestMemory memory, Preview preview, U32 subscriptions, U32 events, U32 count)
      : wasi_(wasi),
        memory_(memory),
        preview_(preview),
        subscriptions_(subscriptions),
        events_(events),
        count_(count) {}

  Errno run(U32& event_count) {
    const Now start = read_now();
    for (U32 i = 0; i < count_; ++i) {
      if (i % kSafepointEvery == kSafepointEvery - 1) wasi_.settings.safepoint();
      const Subscription wanted = subscription(i);
      if (!is_known(wanted)) return Errno::inval;
      prepare(wanted, start);
    }
    for (;;) {
      if (const Errno error = wait(); error != Errno::success) return error;
      const Now now = read_now();
      written_ = 0;
      for (U32 i = 0; i < count_; ++i) {
        if (i % kSafepointEvery == kSafepointEvery - 1) wasi_.settings.safepoint();
        collect(subscription(i), start, now);
      }
      if (written_ != 0) break;
    }
    event_count = written_;
    return Errno::success;
  }

 private:
  [[nodiscard]] Subscription subscription(U32 index) const {
    // In range: the whole array was checked, and memory never shrinks.
    const std::uint64_t address = subscriptions_ + index * size_of(preview_);
    return preview_ == Preview::zero ? modern(memory_.load<OldSubscription>(address).value())
                                     : memory_.load<Subscription>(address).value();
  }

  // EBADF, or what a descriptor that may be polled lacks.
  Result<Descriptor*> polled(const Subscription& wanted) {
    const auto found = wasi_.descriptors.find(wanted.file.fd);
    if (!found) return found;
    const std::uint64_t right = wanted.type == EventType::fd_read ? rights::fd_read : rights::fd_write;
    if ((*found)->kind == Descriptor::Kind::directory) return tl::unexpected(Errno::badf);
    if (const Errno error = check_rights(**found, right | rights::poll_fd_readwrite); error != Errno::success)
      return tl::unexpected(error);
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
      return;
    }
    const auto found = polled(wanted);
    if (!found) {
      due_ = 0;
      return;
    }
    pollfd& polled_fd = entry((*found)->fd.get());
    polled_fd.events = static_cast<short>(polled_fd.events | interest(wanted));
  }

  Errno wait() {
    const timespec timeout = wait_until(due_, read_clock(CLOCK_MONOTONIC));
    const int ready =
        ::ppoll(wasi_.poll_set.data(), static_cast<nfds_t>(polled_), due_ == kNever ? nullptr : &timeout, nullptr);
    if (ready >= 0) return Errno::success;
    if (errno != EINTR) return last_error();
    wasi_.settings.safepoint();  // a signal is an interrupt, if anything
    return Errno::success;
  }

  void collect(const Subscription& wanted, const Now& start, const Now& now) {
    if (wanted.type == EventType::clock) {
      const auto due = wasi_.settings.deterministic ? Result<std::uint64_t>(0) : due_time(wanted, start);
      if (!due)
        write(event_for(wanted, due.error()));
      else if (*due <= now.monotonic)
        write(event_for(wanted, Errno::success));
      return;
    }
    const auto found = polled(wanted);
    if (!found) return write(event_for(wanted, found.error()));
    auto event = event_of(wanted, entry((*found)->fd.get()).revents);
    if (!event) return;
    if (wanted.type == EventType::fd_read && (*found)->type == FileType::regular_file)
      event->bytes = bytes_left((*found)->fd.get());
    write(*event);
  }

  void write(const Event& event) {
    if (memory_.store(events_ + std::uint64_t{written_} * sizeof(Event), event)) ++written_;
  }

  Wasi& wasi_;
  GuestMemory memory_;
  Preview preview_;
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
  if ((answered & interest(subscription)) != 0) event.bytes = 1;
  if ((answered & POLLHUP) != 0) event.flags = Event::kHangup;
  return event;
}

Errno poll(Wasi& wasi, GuestMemory memory, Preview preview, U32 subscriptions, U32 events, U32 count, U32 event_count) {
  if (count == 0 || count > kMaxSubscriptions) return Errno::inval;
  if (memory.range(subscriptions, count * size_of(preview)) == nullptr ||
      memory.range(events, std::uint64_t{count} * sizeof(Event)) == nullptr || memory.range(event_count, 4) == nullptr)
    return Errno::fault;
  U32 written = 0;
  if (const Errno error = Poll(wasi, memory, preview, subscriptions, events, count).run(written);
      error != Errno::success)
    return error;
  return memory.store(event_count, written) ? Errno::success : Errno::fault;
}

Errno poll_oneoff(Wasi& wasi, GuestMemory memory, U32 subscriptions, U32 events, U32 count, U32 event_count) {
  return poll(wasi, memory, Preview::one, subscriptions, events, count, event_count);
}

}  // namespace slack::worker::wasi

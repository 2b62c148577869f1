// Copies held output to clients' descriptors.
#include "daemon/run/release.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "daemon/run/limits.hpp"

namespace slack::run {
namespace {

// Interrupts a release's blocked write; sent again until the thread has noticed, since it may come just before the
// write.
const int kInterrupt = SIGRTMIN + 3;
constexpr Micros kInterruptEvery{20'000};
constexpr std::size_t kChunk = 65536;

void prepare_interrupt() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action{};
    action.sa_handler = [](int) {};
    ::sigaction(kInterrupt, &action, nullptr);  // without SA_RESTART: write returns EINTR
  });
}

// Takes the client's rights for this thread alone: the system calls themselves, as glibc's wrappers change all threads.
// Only the effective ids: a thread whose real or saved uid is the client's could be killed by the client, and the
// daemon with it. The effective capabilities go with the effective uid.
std::optional<std::string> take_identity(const Identity& identity) {
  if (::geteuid() != 0 || identity.uid == 0) return std::nullopt;
  constexpr auto kKeep = static_cast<uid_t>(-1);
  if (::syscall(SYS_setgroups, 0, nullptr) < 0 || ::syscall(SYS_setresgid, kKeep, identity.gid, kKeep) < 0 ||
      ::syscall(SYS_setresuid, kKeep, identity.uid, kKeep) < 0)
    return fault_from_errno("take the client's rights").what;
  return std::nullopt;
}

}  // namespace

struct Release::Shared {
  std::vector<ReleasePart> parts;
  Identity identity;
  Fd finished;  // eventfd
  std::atomic<bool> cancelled = false;
  std::optional<std::string> problem;  // the thread's until `finished`
  // Guards `thread` against an interrupt after its end, and orders `problem` before its reading.
  std::mutex mutex;
  pthread_t thread{};
  bool running = false;

  void work();
  [[nodiscard]] std::optional<std::string> copy_all();
  [[nodiscard]] std::optional<std::string> copy(const ReleasePart& part);
};

std::optional<std::string> Release::Shared::copy(const ReleasePart& part) {
  std::vector<char> buffer(kChunk);
  for (std::uint64_t done = 0; done < part.length.count();) {
    const std::size_t want = std::min<std::uint64_t>(kChunk, part.length.count() - done);
    const ssize_t got = ::pread(part.from.get(), buffer.data(), want, static_cast<off_t>(done));
    if (got <= 0) return fault_from_errno("read held output", got < 0 ? errno : EIO).what;
    for (ssize_t written = 0; written < got;) {
      if (cancelled) return "cut short";
      const ssize_t n = ::write(part.to.get(), buffer.data() + written, static_cast<std::size_t>(got - written));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) {
        // The client made its descriptor non-blocking: wait here, where it harms nobody.
        pollfd room{part.to.get(), POLLOUT, 0};
        (void)::poll(&room, 1, -1);
        continue;
      }
      if (n < 0) return fault_from_errno("write").what;
      written += n;
    }
    done += static_cast<std::uint64_t>(got);
  }
  return std::nullopt;
}

std::optional<std::string> Release::Shared::copy_all() {
  if (auto refused = take_identity(identity)) return refused;
  for (const auto& part : parts)
    if (auto trouble = copy(part)) return trouble;
  return std::nullopt;
}

void Release::Shared::work() {
  problem = copy_all();
  parts.clear();
  {
    const std::lock_guard lock(mutex);
    running = false;
  }
  const std::uint64_t one = 1;
  (void)!::write(finished.get(), &one, sizeof one);
}

Expected<Fd> make_held_output(const char* name, Bytes limit) {
  auto memfd = make_memfd(name);
  if (!memfd) return memfd;
  if (::ftruncate(memfd->get(), static_cast<off_t>(limit.count())) < 0) return fail("size a memfd");
  if (::fcntl(memfd->get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW) < 0) return fail("seal a memfd");
  return memfd;
}

Bytes held_length(const Fd& held) {
  const off_t position = ::lseek(held.get(), 0, SEEK_CUR);
  struct stat status{};
  if (position < 0 || ::fstat(held.get(), &status) < 0) return Bytes(0);
  return Bytes(static_cast<std::uint64_t>(std::min(position, status.st_size)));
}

Release::Release(Reactor& reactor, Done done)
    : reactor_(reactor), done_(std::move(done)), shared_(std::make_shared<Shared>()) {}

Expected<std::unique_ptr<Release>> Release::start(Reactor& reactor, std::vector<ReleasePart> parts, Identity identity,
                                                  Done done) {
  prepare_interrupt();
  std::unique_ptr<Release> self(new Release(reactor, std::move(done)));
  const auto shared = self->shared_;
  shared->parts = std::move(parts);
  shared->identity = identity;
  shared->finished = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!shared->finished.valid()) return fail("eventfd");
  self->finished_ = reactor.watch(shared->finished.get(), [release = self.get()] { release->finish(); });

  // The thread takes no signal but its interrupt: the mask is inherited.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::sigdelset(&all, kInterrupt);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = 0;
  try {
    const std::lock_guard lock(shared->mutex);
    std::thread thread([shared] { shared->work(); });
    shared->thread = thread.native_handle();
    shared->running = true;
    thread.detach();
  } catch (const std::system_error& trouble) {
    error = trouble.code().value();
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error != 0) return fail("start a thread", error);
  return self;
}

Release::~Release() {
  shared_->cancelled = true;
  const std::lock_guard lock(shared_->mutex);
  if (shared_->running) ::pthread_kill(shared_->thread, kInterrupt);
}

void Release::cancel() {
  if (shared_->cancelled.exchange(true)) return;
  give_up_ = reactor_.now() + to_nanos(limits::kReleaseGrace);
  interrupt();
}

void Release::interrupt() {
  {
    const std::lock_guard lock(shared_->mutex);
    if (!shared_->running) return;  // `finished` is on its way
    ::pthread_kill(shared_->thread, kInterrupt);
  }
  if (reactor_.now() < give_up_) {
    again_ = reactor_.after(kInterruptEvery, [this] { interrupt(); });
    return;
  }
  finished_.reset();
  again_.reset();
  if (const Done done = std::exchange(done_, nullptr); done != nullptr) done("cut short, and still blocked");
}

void Release::finish() {
  finished_.reset();
  again_.reset();
  std::optional<std::string> problem;
  {
    const std::lock_guard lock(shared_->mutex);
    problem = std::move(shared_->problem);
  }
  if (const Done done = std::exchange(done_, nullptr); done != nullptr) done(std::move(problem));
}

}  // namespace slack::run

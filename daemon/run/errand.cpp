// Runs, interrupts and abandons threads.
#include "daemon/run/errand.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include "daemon/base/fd.hpp"
#include "daemon/run/limits.hpp"

namespace slack::run {
namespace {

// Interrupts a blocked system call; sent again until the thread has noticed, since it may come just before the call.
const int kInterrupt = SIGRTMIN + 3;
constexpr Micros kInterruptEvery{20'000};

void prepare_interrupt() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action{};
    action.sa_handler = [](int) {};
    ::sigaction(kInterrupt, &action, nullptr);  // without SA_RESTART: the call returns EINTR
  });
}

std::string seconds(Micros time) { return std::to_string(time.count() / 1'000'000) + " s"; }

}  // namespace

struct Errand::Shared {
  Work work;
  std::shared_ptr<const void> held;
  Road road;
  Fd finished;          // eventfd
  std::string problem;  // the thread's until `finished`
  // Guards `thread` against an interrupt after its end, and orders `problem` before its reading.
  std::mutex mutex;
  pthread_t thread{};
  bool running = false;

  void run() {
    try {
      problem = work(road);
    } catch (const std::bad_alloc&) {
      problem = "out of memory";
    }
    // Before anybody hears of the end: what they hold may be what the next run waits for.
    work = nullptr;
    held.reset();
    {
      const std::lock_guard lock(mutex);
      running = false;
    }
    const std::uint64_t one = 1;
    (void)!::write(finished.get(), &one, sizeof one);
  }
};

Errand::Errand(Reactor& reactor, Patience patience, Done done)
    : reactor_(reactor), patience_(patience), done_(std::move(done)), shared_(std::make_shared<Shared>()) {}

Expected<std::unique_ptr<Errand>> Errand::start(Reactor& reactor, Patience patience, std::shared_ptr<const void> held,
                                                Work work, Done done) {
  prepare_interrupt();
  std::unique_ptr<Errand> self(new Errand(reactor, patience, std::move(done)));
  const auto shared = self->shared_;
  shared->work = std::move(work);
  shared->held = std::move(held);
  shared->finished = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!shared->finished.valid()) return fail("eventfd");
  self->finished_ = reactor.watch(shared->finished.get(), [errand = self.get()] { errand->finish(); });

  // The thread takes no signal but its interrupt: the mask is inherited.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::sigdelset(&all, kInterrupt);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = 0;
  try {
    const std::lock_guard lock(shared->mutex);
    std::thread thread([shared] { shared->run(); });
    shared->thread = thread.native_handle();
    shared->running = true;
    thread.detach();
  } catch (const std::system_error& trouble) {
    error = trouble.code().value();
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error != 0) return fail("start a thread", error);

  if (patience.stall != kUnlimitedTime) self->watch_progress();
  if (patience.wall != kUnlimitedTime)
    self->wall_ = reactor.after(patience.wall, [errand = self.get()] {
      errand->cancel("it took more than " + seconds(errand->patience_.wall));
    });
  return self;
}

Errand::~Errand() {
  shared_->road.cancelled_ = true;
  const std::lock_guard lock(shared_->mutex);
  if (shared_->running) ::pthread_kill(shared_->thread, kInterrupt);
}

void Errand::watch_progress() {
  stalled_ = reactor_.after(patience_.stall, [this] {
    const auto progress = shared_->road.progress_.load(std::memory_order_relaxed);
    if (progress == progress_) return cancel("nothing of it got on for " + seconds(patience_.stall));
    progress_ = progress;
    watch_progress();
  });
}

void Errand::cancel(std::string reason) {
  if (shared_->road.cancelled_.exchange(true)) return;
  reason_ = std::move(reason);
  give_up_ = reactor_.now() + to_nanos(limits::kErrandGrace);
  interrupt();
}

void Errand::interrupt() {
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
  stalled_.reset();
  wall_.reset();
  again_.reset();
  if (const Done done = std::exchange(done_, nullptr); done != nullptr) done(reason_ + ", and still blocked");
}

void Errand::finish() {
  finished_.reset();
  stalled_.reset();
  wall_.reset();
  again_.reset();
  std::string problem;
  {
    const std::lock_guard lock(shared_->mutex);
    problem = std::move(shared_->problem);
  }
  // Work that was done all the same has no problem.
  if (!problem.empty() && !reason_.empty()) problem = reason_;
  if (const Done done = std::exchange(done_, nullptr); done != nullptr) done(problem);
}

}  // namespace slack::run

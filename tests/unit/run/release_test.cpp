// Held output: bounded while held, released in order, and never in the daemon's way.
#include "daemon/run/release.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "daemon/run/limits.hpp"
#include "tests/unit/run/manual_reactor.hpp"

namespace slack::run {
namespace {

Fd held(const std::string& text, Bytes limit = Bytes(1 << 20)) {
  auto memfd = make_held_output("test", limit);
  REQUIRE(memfd);
  REQUIRE(::write(memfd->get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  return std::move(*memfd);
}

struct Pipe {
  Fd reader;
  Fd writer;
};
Pipe make_pipe() {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  return {Fd(ends[0]), Fd(ends[1])};
}

std::string read_all(int fd) {
  std::string all;
  char buffer[4096];
  for (ssize_t n = 0; (n = ::read(fd, buffer, sizeof buffer)) > 0;) all.append(buffer, static_cast<std::size_t>(n));
  return all;
}

Identity self() { return {::getuid(), ::getgid()}; }

TEST_CASE("a held output has the length that was written and no room beyond its limit") {
  const Fd output = held("12345", Bytes(8));
  CHECK(held_length(output) == Bytes(5));
  CHECK(::write(output.get(), "678", 3) == 3);
  CHECK(::write(output.get(), "9", 1) < 0);
  CHECK(::ftruncate(output.get(), 100) < 0);
  CHECK(held_length(output) == Bytes(8));
  ::lseek(output.get(), 1'000'000, SEEK_SET);  // a worker's trick
  CHECK(held_length(output) == Bytes(8));
}

TEST_CASE("parts are released in order") {
  ManualReactor reactor;
  const Fd out = held("out");
  const Fd err = held("err");
  auto pipe = make_pipe();
  std::vector<ReleasePart> parts;
  parts.push_back({std::move(*out.duplicate()), held_length(out), std::move(*pipe.writer.duplicate())});
  parts.push_back({std::move(*err.duplicate()), held_length(err), std::move(pipe.writer)});
  bool done = false;
  std::string trouble;
  auto release = start_release(reactor, std::move(parts), self(), nullptr, [&](const std::string& problem) {
    done = true;
    trouble = problem;
  });
  REQUIRE(release);
  REQUIRE(reactor.run_until([&] { return done; }));
  CHECK(trouble.empty());
  CHECK(read_all(pipe.reader.get()) == "outerr");
}

TEST_CASE("a reader that has gone is told as a problem and kills nobody") {
  ManualReactor reactor;
  const Fd out = held("out");
  auto pipe = make_pipe();
  pipe.reader.reset();
  std::vector<ReleasePart> parts;
  parts.push_back({std::move(*out.duplicate()), held_length(out), std::move(pipe.writer)});
  std::string trouble;
  bool done = false;
  auto release = start_release(reactor, std::move(parts), self(), nullptr, [&](const std::string& problem) {
    done = true;
    trouble = problem;
  });
  REQUIRE(release);
  REQUIRE(reactor.run_until([&] { return done; }));
  CHECK(trouble == "write: Broken pipe");
}

TEST_CASE("a release into a pipe that nobody reads is cut short when cancelled") {
  ManualReactor reactor;
  const Fd out = held(std::string(1 << 20, 'x'), Bytes(1 << 20));
  auto pipe = make_pipe();
  const bool nonblocking = GENERATE(false, true);
  if (nonblocking) ::fcntl(pipe.writer.get(), F_SETFL, O_NONBLOCK);
  std::vector<ReleasePart> parts;
  parts.push_back({std::move(*out.duplicate()), held_length(out), std::move(pipe.writer)});
  std::string trouble;
  bool done = false;
  auto release = start_release(reactor, std::move(parts), self(), nullptr, [&](const std::string& problem) {
    done = true;
    trouble = problem;
  });
  REQUIRE(release);
  // The pipe is full once nothing more goes in: 64 KiB by default.
  pollfd full{pipe.reader.get(), POLLIN, 0};
  REQUIRE(::poll(&full, 1, 10'000) == 1);
  (*release)->cancel("cut short");
  REQUIRE(reactor.run_until([&] { return done; }));
  CHECK(trouble == "cut short");
}

TEST_CASE("a client that never reads has its time, by progress and in all, and the account is charged until then") {
  ManualReactor reactor;
  const Fd out = held(std::string(1 << 20, 'x'), Bytes(1 << 20));
  auto pipe = make_pipe();
  std::vector<ReleasePart> parts;
  parts.push_back({std::move(*out.duplicate()), held_length(out), std::move(pipe.writer)});
  auto charge = std::make_shared<int>(1);
  std::string trouble;
  bool done = false;
  const Errand::Patience patience{Micros(10'000'000), Micros(100'000'000)};
  auto release = start_release(
      reactor, std::move(parts), self(), charge,
      [&](const std::string& problem) {
        done = true;
        trouble = problem;
        // Whoever hears of the end finds everything let go.
        CHECK(charge.use_count() == 1);
      },
      patience);
  REQUIRE(release);
  CHECK(charge.use_count() == 2);
  const auto is_full = [&] {
    int waiting = 0;
    return ::ioctl(pipe.reader.get(), FIONREAD, &waiting) == 0 && waiting == 65536;
  };
  while (!is_full()) ::usleep(100);
  // One turn of the loop, for the one timer that is due.
  const auto look = [&] { (void)reactor.run_until([&, turns = 0]() mutable { return done || turns++ == 1; }); };
  if (GENERATE(false, true)) {
    // Something gets on every time it is looked at: the limit in all ends it.
    char chunk[4096];
    for (int i = 0; i < 9; ++i) {
      REQUIRE(::read(pipe.reader.get(), chunk, sizeof chunk) == sizeof chunk);
      ::usleep(5'000);
      reactor.advance(Micros(10'000'000));
      look();
      REQUIRE_FALSE(done);
    }
    REQUIRE(::read(pipe.reader.get(), chunk, sizeof chunk) == sizeof chunk);
    ::usleep(5'000);
    reactor.advance(Micros(10'000'000));
    REQUIRE(reactor.run_until([&] { return done; }));
    CHECK(trouble == "it took more than 100 s");
  } else {
    // What went into the pipe before the first look counts as progress.
    reactor.advance(Micros(10'000'000));
    look();
    REQUIRE_FALSE(done);
    reactor.advance(Micros(10'000'000));
    REQUIRE(reactor.run_until([&] { return done; }));
    CHECK(trouble == "nothing of it got on for 10 s");
  }
}

TEST_CASE("a daemon that is root writes with the rights of its client") {
  if (::geteuid() != 0) {
    WARN("SKIPPED: needs root");
    return;
  }
  ManualReactor reactor;
  // A file that refuses by who writes, not by who opened: another process's oom_score_adj may not be lowered.
  const Fd adjust(::open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC));
  REQUIRE(adjust.valid());
  const std::string before = [&] {
    char text[16] = {};
    REQUIRE(::pread(adjust.get(), text, sizeof text - 1, 0) > 0);
    return std::string(text);
  }();
  const Fd out = held("-999\n");
  std::vector<ReleasePart> parts;
  parts.push_back({std::move(*out.duplicate()), held_length(out), std::move(*adjust.duplicate())});
  std::string trouble;
  bool done = false;
  auto release = start_release(reactor, std::move(parts), {12345, 12345}, nullptr, [&](const std::string& problem) {
    done = true;
    trouble = problem;
  });
  REQUIRE(release);
  REQUIRE(reactor.run_until([&] { return done; }));
  CHECK(trouble == "write: Permission denied");
  char after[16] = {};
  REQUIRE(::pread(adjust.get(), after, sizeof after - 1, 0) > 0);
  CHECK(before == after);
  CHECK(::geteuid() == 0);
}

}  // namespace
}  // namespace slack::run

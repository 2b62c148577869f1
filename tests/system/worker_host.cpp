// worker_host: plays the daemon's side of one worker, so that slack-worker can be tried and tested alone.
//
//   worker_host [options] WORKER IMAGE [ARGS…]
// starts WORKER as a zygote, has it fork one worker, runs IMAGE in it and prints the report as one JSON line on
// standard error; the module's standard output and error go where worker_host's own go. Options: see usage().
#include <fcntl.h>
#include <grp.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/address_map.hpp"
#include "daemon/base/clock.hpp"
#include "daemon/base/socket.hpp"
#include "daemon/wire/brief.hpp"
#include "daemon/wire/trap.hpp"
#include "daemon/wire/worker_protocol.hpp"
#include "daemon/wire/zygote_protocol.hpp"
#include "jit/image/image_view.hpp"

using namespace slack;

namespace {

constexpr unsigned kNobody = 65534;

struct Request {
  wire::Brief brief;
  std::string worker;
  std::string image;
  std::vector<std::string> directories;
  std::uint64_t repeat = 1;
  bool timing = false;
  std::uint64_t arm_after_msec = 0;  // 0: never
};

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "worker_host: %s\n", what.c_str());
  std::exit(70);
}

template <typename T>
T must(Expected<T> value) {
  if (!value) die(value.error().what);
  return std::move(*value);
}
void must(const Expected<void>& value) {
  if (!value) die(value.error().what);
}

[[noreturn]] void usage() {
  std::fputs(
      "usage: worker_host [--dir HOST[::GUEST][:ro]]… [--env N=V]… [--invoke FN] [--memory BYTES] [--output BYTES]\n"
      "                   [--deterministic] [--measure] [--repeat N] [--timing] [--arm-after MSEC] WORKER IMAGE "
      "[ARGS…]\n",
      stderr);
  std::exit(64);
}

Request parse(int count, char** arguments) {
  Request request;
  request.brief.invoke = "_start";
  request.brief.memory = Bytes(std::uint64_t{1} << 30);
  request.brief.output = Bytes(std::uint64_t{64} << 20);
  int i = 1;
  const auto value = [&] { return i + 1 < count ? std::string(arguments[++i]) : (usage(), std::string()); };
  for (; i < count && std::string_view(arguments[i]).starts_with("--"); ++i) {
    const std::string_view option = arguments[i];
    if (option == "--dir") {
      std::string host = value();
      wire::Directory directory;
      if (host.ends_with(":ro")) {
        directory.read_only = true;
        host.resize(host.size() - 3);
      }
      const std::size_t colons = host.find("::");
      directory.guest_name = colons == std::string::npos ? host : host.substr(colons + 2);
      request.directories.push_back(host.substr(0, colons));
      request.brief.directories.push_back(directory);
    } else if (option == "--env") {
      request.brief.environment.push_back(value());
    } else if (option == "--invoke") {
      request.brief.invoke = value();
    } else if (option == "--memory") {
      request.brief.memory = Bytes(std::stoull(value()));
    } else if (option == "--output") {
      request.brief.output = Bytes(std::stoull(value()));
    } else if (option == "--repeat") {
      request.repeat = std::stoull(value());
    } else if (option == "--arm-after") {
      request.arm_after_msec = std::stoull(value());
    } else if (option == "--deterministic") {
      request.brief.deterministic = true;
    } else if (option == "--measure") {
      request.brief.measure = true;
    } else if (option == "--timing") {
      request.timing = true;
    } else {
      usage();
    }
  }
  if (count - i < 2) usage();
  request.worker = arguments[i++];
  request.image = arguments[i++];
  const std::size_t slash = request.image.rfind('/');
  std::string name = slash == std::string::npos ? request.image : request.image.substr(slash + 1);
  if (name.ends_with(".elf")) name.replace(name.size() - 4, 4, ".wasm");
  request.brief.arguments.push_back(name);
  request.brief.arguments.insert(request.brief.arguments.end(), arguments + i, arguments + count);
  return request;
}

template <typename Message>
Message receive(int socket, std::vector<Fd>* fds = nullptr) {
  auto datagram = must(receive_datagram(socket, std::max(sizeof(wire::WorkerReport), sizeof(Message))));
  Message message{};
  if (datagram.bytes.size() != sizeof message) die("the peer is gone or sent something else");
  std::memcpy(&message, datagram.bytes.data(), sizeof message);
  if (fds != nullptr) *fds = std::move(datagram.fds);
  return message;
}

Fd start_zygote(const std::string& worker) {
  SocketPair pair = must(make_socket_pair());
  const pid_t pid = ::fork();
  if (pid < 0) die("fork");
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::geteuid() == 0 && (::setgroups(0, nullptr) != 0 || ::setresgid(kNobody, kNobody, kNobody) != 0 ||
                             ::setresuid(kNobody, kNobody, kNobody) != 0))
      ::_exit(71);
    const int null = ::open("/dev/null", O_RDWR);
    ::dup2(null, 0);
    ::dup2(null, 1);
    const int control = ::fcntl(pair.theirs.get(), F_DUPFD, 10);
    ::dup2(control, wire::kZygoteControl);
    ::close(control);
    char* const empty[] = {nullptr};
    ::execle(worker.c_str(), worker.c_str(), wire::kZygoteArgument, nullptr, empty);
    ::_exit(72);
  }
  (void)receive<wire::ZygoteIntroduction>(pair.ours.get());
  const auto ready = receive<wire::ZygoteReady>(pair.ours.get());
  if (ready.error != 0) die(std::string("zygote: ") + ready.what);
  return std::move(pair.ours);
}

Fd image_memfd(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) die("open " + path);
  std::vector<char> bytes;
  char chunk[65536];
  for (std::size_t got = 0; (got = std::fread(chunk, 1, sizeof chunk, file)) > 0;)
    bytes.insert(bytes.end(), chunk, chunk + got);
  std::fclose(file);
  return must(make_sealed_memfd("image", bytes.data(), Bytes(bytes.size())));
}

// Write-protects the safepoint page, waits for the worker to park on it, says where its fuel stood, and kills it.
void arm_and_kill(int uffd, int safepoint, int pidfd, std::uint64_t after_msec) {
  ::usleep(static_cast<useconds_t>(after_msec * 1000));
  uffdio_writeprotect protect{};
  protect.range = {address_map::kSafepoint, address_map::kPageBytes};
  protect.mode = UFFDIO_WRITEPROTECT_MODE_WP;
  const Nanos begin = monotonic_now();
  if (::ioctl(uffd, UFFDIO_WRITEPROTECT, &protect) != 0) die("arm");
  pollfd event{uffd, POLLIN, 0};
  const bool parked = ::poll(&event, 1, 5000) == 1;
  const Nanos end = monotonic_now();
  uffd_msg message{};
  if (parked && ::read(uffd, &message, sizeof message) != sizeof message) die("read the userfaultfd");
  std::uint64_t published = 0;
  (void)!::pread(safepoint, &published, sizeof published, 0);
  std::fprintf(stderr, "%s after %" PRIu64 " us at %#llx, published %" PRIu64 "\n", parked ? "parked" : "NOT parked",
               (end - begin).count() / 1000, static_cast<unsigned long long>(message.arg.pagefault.address), published);
  ::syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0);
}

const char* name_of(wire::End end) {
  switch (end) {
    case wire::End::returned:
      return "returned";
    case wire::End::exited:
      return "exited";
    case wire::End::trapped:
      return "trapped";
    case wire::End::limit:
      return "limit";
    case wire::End::refused:
      return "refused";
    case wire::End::fault:
      return "fault";
    case wire::End::misinvoked:
      return "misinvoked";
  }
  return "?";
}

void print_report(const wire::WorkerReport& report, const image::ImageView* view, std::uint64_t published,
                  Nanos run_time) {
  std::string frames;
  for (std::uint32_t i = 0; i < std::min(report.frames, wire::kMaxBacktrace); ++i) {
    if (!frames.empty()) frames += ",";
    const auto function = view != nullptr ? view->function_at(report.backtrace[i] - 1) : std::nullopt;
    frames += "\"" + function.value_or("?") + "\"";
  }
  const std::string text(report.text, std::min<std::size_t>(report.text_bytes, sizeof report.text));
  const auto line = view != nullptr && report.pc != 0 ? view->line_at(report.pc) : std::nullopt;
  std::fprintf(stderr,
               "{\"end\":\"%s\",\"exit_code\":%d,\"fuel\":%" PRIu64 ",\"published\":%" PRIu64
               ",\"trap\":\"%s\",\"function\":%d,\"offset\":%lld,\"pc\":%" PRIu64 ",\"text\":\"%s\",\"frames\":[%s]",
               name_of(report.end), report.exit_code, report.fuel, published,
               report.end == wire::End::trapped ? std::string(message_of(static_cast<Trap>(report.trap))).c_str() : "",
               static_cast<int>(line ? line->function : report.function),
               line                              ? static_cast<long long>(line->offset)
               : report.offset == wire::kUnknown ? -1LL
                                                 : static_cast<long long>(report.offset),
               report.pc, text.c_str(), frames.c_str());
  if (report.has_bench != 0)
    std::fprintf(stderr, ",\"bench_usec\":%" PRIu64 ",\"bench_fuel\":%" PRIu64, report.bench_nsec / 1000,
                 report.bench_fuel);
  std::fprintf(stderr, ",\"run_usec\":%" PRIu64 "}\n", run_time.count() / 1000);
}

// Exit status: 0 the module returned or exited with 0, 1 any other report, 2 the worker died.
int run_once(int zygote, const Request& request, int image, int brief) {
  const Nanos begin = monotonic_now();
  SocketPair pair = must(make_socket_pair());
  Fd safepoint = must(make_memfd("safepoint"));
  if (::ftruncate(safepoint.get(), address_map::kPageBytes) != 0 ||
      ::fcntl(safepoint.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0)
    die("make the safepoint page");
  wire::SpawnRequest spawn{};
  spawn.memory_bytes = request.brief.memory.count() + (std::uint64_t{16} << 20);
  spawn.file_bytes = std::uint64_t{1} << 30;
  spawn.open_files = 64;
  spawn.map_uid = ::geteuid() == 0 ? kNobody : ::geteuid();
  spawn.map_gid = ::geteuid() == 0 ? kNobody : ::getegid();
  const int passed[] = {pair.theirs.get(), safepoint.get()};
  must(send_datagram(zygote, bytes_of(spawn), passed));
  std::vector<Fd> pidfds;
  const auto reply = receive<wire::SpawnReply>(zygote, &pidfds);
  if (reply.error != 0 || pidfds.size() != 1) die(std::string("spawn: ") + reply.what);
  pair.theirs.reset();
  const Nanos spawned = monotonic_now();

  const auto next = [&](wire::Stage stage, std::vector<Fd>* fds) -> std::optional<wire::WorkerReport> {
    auto datagram = must(receive_datagram(pair.ours.get(), sizeof(wire::WorkerReport)));
    if (datagram.bytes.size() == sizeof(wire::WorkerReport)) {
      wire::WorkerReport report{};
      std::memcpy(&report, datagram.bytes.data(), sizeof report);
      return report;
    }
    wire::Hello hello{};
    if (datagram.bytes.size() != sizeof hello) die("the worker died before it was ready");
    std::memcpy(&hello, datagram.bytes.data(), sizeof hello);
    if (hello.stage != stage) die("the worker said something else");
    if (fds != nullptr) *fds = std::move(datagram.fds);
    return std::nullopt;
  };

  std::vector<Fd> uffd;
  auto report = next(wire::Stage::ready, &uffd);
  const Nanos ready = monotonic_now();
  Nanos prepared = ready;
  Nanos gone = ready;
  if (!report) {
    std::vector<Fd> directories;
    std::vector<int> fds{image, brief, 0, 1, 2};
    for (const std::string& path : request.directories) {
      directories.emplace_back(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (!directories.back().valid()) die("open " + path);
      fds.push_back(directories.back().get());
    }
    const wire::Start start{0, static_cast<std::uint32_t>(directories.size())};
    must(send_datagram(pair.ours.get(), bytes_of(start), fds));
    report = next(wire::Stage::prepared, nullptr);
    prepared = gone = monotonic_now();
  }
  if (!report) {
    const wire::Go go{wire::kGoMagic};
    must(send_datagram(pair.ours.get(), bytes_of(go)));
    if (request.arm_after_msec != 0)
      arm_and_kill(uffd.at(0).get(), safepoint.get(), pidfds[0].get(), request.arm_after_msec);
    auto datagram = must(receive_datagram(pair.ours.get(), sizeof(wire::WorkerReport)));
    gone = monotonic_now();
    if (datagram.bytes.size() == sizeof(wire::WorkerReport)) {
      report.emplace();
      std::memcpy(&*report, datagram.bytes.data(), sizeof *report);
    }
  }
  pair.ours.reset();  // a worker that has reported waits for the end of its daemon's interest
  siginfo_t status{};
  if (::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfds[0].get()), &status, WEXITED | __WALL) != 0)
    die("wait for the worker");
  const Nanos reaped = monotonic_now();
  std::uint64_t published = 0;
  if (::pread(safepoint.get(), &published, sizeof published, 0) != sizeof published) die("read the safepoint page");
  if (request.timing)
    std::fprintf(stderr,
                 "spawn %" PRIu64 " ready %" PRIu64 " prepared %" PRIu64 " run %" PRIu64 " reaped %" PRIu64 " us\n",
                 (spawned - begin).count() / 1000, (ready - spawned).count() / 1000, (prepared - ready).count() / 1000,
                 (gone - prepared).count() / 1000, (reaped - gone).count() / 1000);
  if (!report) {
    std::fprintf(stderr, "{\"end\":\"died\",\"by\":\"%s %d\",\"published\":%" PRIu64 "}\n",
                 status.si_code == CLD_EXITED ? "exit" : "signal", status.si_status, published);
    return 2;
  }
  const auto view = image::ImageView::open(image);
  print_report(*report, view ? view->get() : nullptr, published, gone - prepared);
  const bool good = report->end == wire::End::returned || (report->end == wire::End::exited && report->exit_code == 0);
  return good ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  const Request request = parse(count, arguments);
  const Fd image = image_memfd(request.image);
  const auto bytes = wire::encode(request.brief);
  const Fd brief = must(make_sealed_memfd("brief", bytes.data(), Bytes(bytes.size())));
  const Fd zygote = start_zygote(request.worker);
  int status = 0;
  for (std::uint64_t i = 0; i < request.repeat; ++i)
    status = std::max(status, run_once(zygote.get(), request, image.get(), brief.get()));
  return status;
}

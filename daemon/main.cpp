// slackd: reads its command line, puts the daemon together and runs it.
#include <fmt/core.h>
#include <getopt.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>

#include "daemon/bus/daemon.hpp"

namespace {

constexpr char kHelp[] =
    "Usage: slackd [OPTION...]\n"
    "Runs untrusted WebAssembly in sandboxed workers and stops it when its fuel is used up.\n"
    "Serves org.slackd.Slack1 on the system bus, or one client over a socket.\n"
    "\n"
    "  --peer-fd=N    serve the client at the other end of this stream socket, and end with it\n"
    "  --no-bpf       do not attach to the page-fault tracepoint; stopped runs report published fuel\n"
    "  --no-realtime  run the monitor at normal priority; stops are later when the machine is busy\n"
    "  --cache-mib=N  keep at most N MiB of compiled images on disk (default 1024; 0: none)\n"
    "  --verbose      log to standard error\n"
    "  --help         show this text\n"
    "  --version      show the version\n";

// Exit codes of BSD's sysexits.h, as slackctl has them: 64 usage, 69 a service is lacking.
constexpr int kUsage = 64;
constexpr int kUnavailable = 69;

int usage(const std::string& complaint) {
  fmt::print(stderr, "slackd: {}\nTry 'slackd --help'.\n", complaint);
  return kUsage;
}

template <typename Number>
std::optional<Number> number(const char* text) {
  Number value = 0;
  const char* end = text + std::strlen(text);
  const auto read = std::from_chars(text, end, value);
  return read.ec == std::errc() && read.ptr == end ? std::optional(value) : std::nullopt;
}

}  // namespace

int main(int argc, char** argv) {
  enum { kPeerFd = 1, kNoBpf, kNoRealtime, kCacheMib, kVerbose, kHelpOption, kVersion };
  const option options[] = {
      {"peer-fd", required_argument, nullptr, kPeerFd},   {"no-bpf", no_argument, nullptr, kNoBpf},
      {"no-realtime", no_argument, nullptr, kNoRealtime}, {"cache-mib", required_argument, nullptr, kCacheMib},
      {"verbose", no_argument, nullptr, kVerbose},        {"help", no_argument, nullptr, kHelpOption},
      {"version", no_argument, nullptr, kVersion},        {nullptr, 0, nullptr, 0}};
  slack::bus::Settings settings;
  for (int chosen = 0; (chosen = ::getopt_long(argc, argv, "", options, nullptr)) != -1;) {
    switch (chosen) {
      case kPeerFd: {
        const auto fd = number<int>(optarg);
        if (!fd || *fd < 0) return usage(fmt::format("--peer-fd takes the number of a descriptor, not '{}'", optarg));
        settings.peer_fd = *fd;
        break;
      }
      case kCacheMib: {
        const auto mebibytes = number<std::uint32_t>(optarg);
        if (!mebibytes) return usage(fmt::format("--cache-mib takes a number of MiB, not '{}'", optarg));
        settings.cache = slack::Bytes(std::uint64_t{*mebibytes} << 20);
        break;
      }
      case kNoBpf:
        settings.want_bpf = false;
        break;
      case kNoRealtime:
        settings.want_realtime = false;
        break;
      case kVerbose:
        settings.verbose = true;
        break;
      case kHelpOption:
        std::fputs(kHelp, stdout);
        return 0;
      case kVersion:
        fmt::print("slackd {}\n", SLACK_VERSION);
        return 0;
      default:
        return kUsage;  // getopt has said what is wrong
    }
  }
  if (optind < argc) return usage(fmt::format("takes no argument '{}'", argv[optind]));

  auto daemon = slack::bus::Daemon::start(settings);
  if (!daemon) {
    fmt::print(stderr, "slackd: {}\n", daemon.error().what);
    return kUnavailable;
  }
  return (*daemon)->run();
}
